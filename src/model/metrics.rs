//! What `CloudWatch` metered: bytes of NAT gateways and of interface endpoints, a second witness beside the bill.

use super::bytes::Bytes;
use std::collections::BTreeMap;

/// Metered bytes by gateway and endpoint. What is not in it was not said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// By `nat-...`.
    pub gateways: BTreeMap<String, GatewayMetrics>,
    /// By `vpce-...`.
    pub endpoints: BTreeMap<String, EndpointMetrics>,
}

/// What was metered at one NAT gateway inside the window, summed over the zones of a regional one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GatewayMetrics {
    /// `BytesInFromSource`: from clients; `None` if it is not known for every zone.
    pub from_source: Option<Bytes>,
    /// `BytesInFromDestination`: from remotes, what nobody asked for included; `None` likewise.
    pub from_destination: Option<Bytes>,
    /// Starts of the first and the last data point, Unix UTC.
    pub span: Option<(i64, i64)>,
}

impl GatewayMetrics {
    /// The bytes that AWS bills: into the gateway from either side. Not known if one side is not.
    ///
    /// Source: AWS, NAT gateway metrics; adding what goes out as well would count every byte twice.
    #[must_use]
    pub fn metered_bytes(&self) -> Option<Bytes> {
        Some(self.from_source? + self.from_destination?)
    }
}

/// What was metered at one interface endpoint inside the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndpointMetrics {
    /// `BytesProcessed`, both directions: what AWS bills. `None` if it is not known.
    pub processed_bytes: Option<Bytes>,
    /// Starts of the first and the last data point, Unix UTC.
    pub span: Option<(i64, i64)>,
}

impl Metrics {
    /// The metered bytes of a gateway.
    #[must_use]
    pub fn of_gateway(&self, id: &str) -> Option<Bytes> {
        self.gateways.get(id)?.metered_bytes()
    }

    /// The processed bytes of an endpoint.
    #[must_use]
    pub fn of_endpoint(&self, id: &str) -> Option<Bytes> {
        self.endpoints.get(id)?.processed_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_gateway_is_not_known() {
        let half = GatewayMetrics { from_source: Some(Bytes::new(5)), ..GatewayMetrics::default() };
        let whole = GatewayMetrics { from_destination: Some(Bytes::new(7)), ..half };
        assert_eq!((half.metered_bytes(), whole.metered_bytes()), (None, Some(Bytes::new(12))));
        let gateways = BTreeMap::from([("nat-1".to_owned(), whole)]);
        let metrics = Metrics { gateways, ..Metrics::default() };
        assert_eq!((metrics.of_gateway("nat-1"), metrics.of_gateway("nat-2")), (Some(Bytes::new(12)), None));
        assert_eq!(metrics.of_endpoint("vpce-1"), None);
    }
}
