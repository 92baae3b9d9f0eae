//! Services as reports call them, by their endpoint suffix.

/// Whether a service's host names hold a bucket of S3 (S3 user guide, "Virtual hosting" and "Endpoints and quotas").
#[must_use]
pub fn is_s3(service: &str) -> bool {
    matches!(service, "s3" | "s3express" | "s3-accelerate" | "s3-global.accesspoint")
}
