//! What AWS's own environment and files say, without asking anybody: for people who wonder where a value comes from. Never a secret.

use super::{Access, Session, session};
use aws_config::profile::{Profile, ProfileSet, load};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};

/// A value and the variable or profile that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The value.
    pub value: String,
    /// `AWS_REGION`, `profile audit`.
    pub by: String,
}

/// What the SDK's chain has for what natlens's own settings leave open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// The profile in force, if a variable names one.
    pub profile: Option<Said>,
    /// The Region; `None` where only the instance itself could say.
    pub region: Option<Said>,
    /// Addresses other than AWS's own, by service.
    pub endpoints: Vec<(&'static str, Said)>,
    /// Which provider of the chain is the first that has anything, and by what; `None` where only the instance could have.
    pub credentials: Option<Said>,
}

/// The services that natlens speaks to: id in AWS's configuration files, end of the variable's name.
const SERVICES: [(&str, &str); 6] = [
    ("S3", "S3"),
    ("EC2", "EC2"),
    ("STS", "STS"),
    ("CloudWatch", "CLOUDWATCH"),
    ("Cost Explorer", "COST_EXPLORER"),
    ("CloudWatch Logs", "CLOUDWATCH_LOGS"),
];

/// Reads environment and configuration files.
#[must_use]
pub fn chain(access: &Access) -> Chain {
    let env = Env::real();
    let variable = |name: &str| env.get(name).ok().filter(|value| !value.trim().is_empty());
    let of_variable = |name: &str| variable(name).map(|value| Said { value, by: name.to_owned() });
    let profile = of_variable("AWS_PROFILE");
    let named = access.profile.clone().or_else(|| profile.as_ref().map(|said| said.value.clone()));
    let name = named.clone().unwrap_or_else(|| "default".to_owned());
    let files = session::wait(load(&Fs::real(), &env, &EnvConfigFiles::default(), named.map(Into::into))).ok();
    let of_profile = |value: &str| Said { value: value.to_owned(), by: format!("profile {name}") };
    let region = of_variable("AWS_REGION")
        .or_else(|| of_variable("AWS_DEFAULT_REGION"))
        .or_else(|| files.as_ref().and_then(|set| set.get_profile(&name)?.get("region").map(of_profile)));
    // A Region keeps the SDK from asking the instance for one.
    let known = region.as_ref().map_or("us-east-1", |said| &said.value).to_owned();
    let session = Session::open(&Access { region: access.region.clone().or(Some(known)), ..access.clone() });
    let endpoint = |(service, end): (&'static str, &str)| {
        let value = session.endpoint(service)?;
        let own = format!("AWS_ENDPOINT_URL_{end}");
        let by = [own.as_str(), "AWS_ENDPOINT_URL"].into_iter().find(|name| variable(name).is_some());
        let by = by.map_or_else(|| format!("profile {name}"), str::to_owned);
        Some((service, Said { value: without_user(&value), by }))
    };
    let credentials = provider(access.profile.is_some(), &name, files.as_ref(), &|name| variable(name).is_some());
    Chain { profile, region, endpoints: SERVICES.into_iter().filter_map(endpoint).collect(), credentials }
}

/// The first provider of the SDK's chain that has something to offer
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>). A profile that was asked for by name stands
/// before the environment, as with the AWS CLI.
fn provider(asked: bool, name: &str, files: Option<&ProfileSet>, is_set: &dyn Fn(&str) -> bool) -> Option<Said> {
    let said = |value: &str, by: &str| Some(Said { value: value.to_owned(), by: by.to_owned() });
    if !asked && is_set("AWS_ACCESS_KEY_ID") && is_set("AWS_SECRET_ACCESS_KEY") {
        return said("environment", "AWS_ACCESS_KEY_ID");
    }
    let profile = files.and_then(|set| set.get_profile(name));
    if let Some(kind) = profile.and_then(kind) {
        return said(kind, &format!("profile {name}"));
    }
    if asked {
        return said("none", &format!("profile {name}"));
    }
    if is_set("AWS_WEB_IDENTITY_TOKEN_FILE") && is_set("AWS_ROLE_ARN") {
        return said("web identity", "AWS_WEB_IDENTITY_TOKEN_FILE");
    }
    let container = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
    container.into_iter().find(|name| is_set(name)).and_then(|name| said("container", name))
}

/// How a profile gets credentials.
fn kind(profile: &Profile) -> Option<&'static str> {
    const KINDS: [(&str, &str); 8] = [
        ("web_identity_token_file", "web identity"),
        ("role_arn", "assumed role"),
        ("sso_session", "SSO"),
        ("sso_start_url", "SSO"),
        ("credential_process", "process"),
        ("login_session", "sign-in"),
        ("aws_access_key_id", "access key"),
        ("credential_source", "assumed role"),
    ];
    KINDS.into_iter().find_map(|(key, kind)| profile.get(key).map(|_| kind))
}

/// An address as it may be shown: without user and password, query and fragment.
pub(super) fn without_user(url: &str) -> String {
    let bare = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = bare.split_once("://") else { return bare.to_owned() };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    format!("{scheme}://{}{path}", host.rsplit('@').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_provider_of_the_chain_wins() {
        let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        let web = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"];
        let ecs = ["AWS_CONTAINER_CREDENTIALS_FULL_URI"];
        let all: Vec<&str> = keys.into_iter().chain(web).chain(ecs).collect();
        for (situation, asked, set, found) in [
            ("keys first", false, all.clone(), Some("environment")),
            ("half of a key", false, vec![keys[0]], None),
            ("then web identity", false, [web.as_slice(), &ecs].concat(), Some("web identity")),
            ("then the container", false, ecs.to_vec(), Some("container")),
            ("a profile that was named is not replaced by the environment", true, all, Some("none")),
        ] {
            let by = provider(asked, "audit", None, &|name| set.contains(&name));
            assert_eq!(by.as_ref().map(|said| said.value.as_str()), found, "{situation}");
        }
    }

    #[test]
    fn an_address_is_shown_without_what_may_be_secret() {
        for (url, shown) in [
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
            ("http://me:secret@host:9000/a?token=x#y", "http://host:9000/a"),
            ("https://a@b@host", "https://host"),
            ("no address?x", "no address"),
        ] {
            assert_eq!(without_user(url), shown);
        }
    }
}
