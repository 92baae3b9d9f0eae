//! Who is asking, and where: credentials by the SDK's own chain (environment, profile, SSO, web identity, a process, ECS, IMDS), an
//! assumed role on top, Region and address of each service.

use super::{AwsError, Trouble};
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use std::future::Future;
use std::sync::OnceLock;
use tokio::runtime::Runtime;

/// How to reach an account, as flags and settings say; what they leave out the SDK's own environment and files say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// A profile of the AWS configuration files.
    pub profile: Option<String>,
    /// The Region to ask where nothing else names one.
    pub region: Option<String>,
    /// A role to take on.
    pub role: Option<Role>,
}

/// A role in another account, or in the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// `arn:aws:iam::123456789012:role/NAME`.
    pub arn: String,
    /// What the role's trust policy asks for, against a confused deputy.
    pub external_id: Option<String>,
}

/// Credentials, Region and addresses, ready for requests. Its `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Session {
    config: SdkConfig,
    /// How it was opened, to say how credentials are renewed.
    access: Access,
}

impl Session {
    /// Reads environment and configuration files. Asks for no credentials yet.
    #[must_use]
    pub fn open(access: &Access) -> Self {
        wait(async {
            let mut loader = aws_config::defaults(BehaviorVersion::latest()).app_name(app_name());
            if let Some(profile) = &access.profile {
                loader = loader.profile_name(profile);
            }
            if let Some(region) = &access.region {
                loader = loader.region(aws_config::Region::new(region.clone()));
            }
            let mut config = loader.load().await;
            if let Some(profile) = &access.profile {
                // Keys in the environment would win over it in the SDK's own order, other than in the AWS CLI.
                let at = ProviderConfig::without_region().with_region(config.region().cloned());
                let provider = ProfileFileCredentialsProvider::builder().configure(&at).profile_name(profile).build();
                config = config.into_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build();
            }
            if let Some(role) = &access.role {
                let mut assume = AssumeRoleProvider::builder(&role.arn).session_name("natlens").configure(&config);
                if let Some(external_id) = &role.external_id {
                    assume = assume.external_id(external_id);
                }
                let provider = SharedCredentialsProvider::new(assume.build().await);
                config = config.into_builder().credentials_provider(provider).build();
            }
            Self { config, access: access.clone() }
        })
    }

    /// Of a configuration that is there already; `access` says in messages how it was made.
    #[must_use]
    pub const fn of(config: SdkConfig, access: Access) -> Self {
        Self { config, access }
    }

    /// The configuration for the SDK's clients.
    #[must_use]
    pub const fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// The same in another Region.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Self {
        let config = self.config.clone().into_builder().region(aws_config::Region::new(region.to_owned())).build();
        Self { config, access: self.access.clone() }
    }

    /// The Region of requests; `None` where nobody named one.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.config.region().map(AsRef::as_ref)
    }

    /// The role that was taken on.
    #[must_use]
    pub const fn role(&self) -> Option<&Role> {
        self.access.role.as_ref()
    }

    /// Where a service is, if environment or profile say so: `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, `endpoint_url`.
    /// `service` is its id as the AWS configuration files write it, `S3`, `EC2`, `CloudWatch Logs`
    /// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>).
    #[must_use]
    pub fn endpoint(&self, service: &str) -> Option<String> {
        let key = aws_types::service_config::ServiceConfigKey::builder()
            .service_id(service)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build()
            .ok()?;
        let own = self.config.service_config().and_then(|all| all.load_config(key));
        own.or_else(|| self.config.endpoint_url().map(str::to_owned)).filter(|url| !url.is_empty())
    }

    /// The provider of credentials, which renews them in time.
    #[must_use]
    pub fn provider(&self) -> Option<SharedCredentialsProvider> {
        self.config.credentials_provider()
    }

    /// Credentials for the next request.
    pub async fn credentials(&self) -> Result<Credentials, AwsError> {
        let missing = |why: String| AwsError {
            trouble: Trouble::Credentials,
            action: "credentials".to_owned(),
            at: self.access.role.as_ref().map(|role| role.arn.clone()).unwrap_or_default(),
            why,
            hint: Some(self.renewal()),
        };
        let provider = self.provider().ok_or_else(|| missing("there are none".to_owned()))?;
        provider.provide_credentials().await.map_err(|error| missing(chain(&error)))
    }

    /// The command that gets or renews credentials.
    #[must_use]
    pub fn renewal(&self) -> String {
        match self.access.profile.as_deref() {
            Some(profile) => format!("sign in again: aws sso login --profile {profile}"),
            None => {
                "sign in again, `aws sso login` or new AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, \
                     or name a profile by --profile"
                    .to_owned()
            }
        }
    }
}

fn app_name() -> aws_config::AppName {
    aws_config::AppName::new("natlens").expect("letters are a valid name")
}

/// An error with all that led to it: the SDK's own texts stop at the first.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if parts.last().is_none_or(|last| !last.contains(&text)) {
            parts.push(text);
        }
        next = error.source();
    }
    parts.join(": ")
}

/// Waits for the network. All of it runs on threads of its own, whatever thread waits.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    runtime().block_on(future)
}

/// The threads on which requests run.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("aws")
            .enable_all()
            .build()
            .expect("threads can be started")
    })
}
