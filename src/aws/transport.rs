//! The one HTTP client: plain where the user's own address is, else TLS with the system's certificates, by a proxy that the
//! environment names. Follows no redirect, so that a signature never goes where it was not meant to.

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::time::Duration;

/// The body of an answer.
pub(super) type Body = hyper::body::Incoming;

/// The longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// S3 closes connections that are idle a little longer.
const IDLE: Duration = Duration::from_secs(15);

/// Sends requests to one server, over connections that are kept for the next.
#[derive(Debug)]
pub(super) enum Transport {
    /// An address of `http://`.
    Plain(Client<HttpConnector, Full<Bytes>>),
    Direct(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
    /// By a proxy that the environment names.
    Proxy(Client<HttpsConnector<Tunnel<HttpConnector>>, Full<Bytes>>),
}

/// The server that an address of the user's own names, or why it names none.
pub(super) fn server(address: &str) -> Result<Uri, &'static str> {
    let uri: Uri = address.parse().map_err(|_| "is no address")?;
    let is_known = uri.host().is_some() && matches!(uri.scheme_str(), Some("http" | "https"));
    let has_more = uri.query().is_some() || uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    if is_known && !has_more { Ok(uri) } else { Err("is no address of a server") }
}

impl Transport {
    /// For requests to this address and those like it.
    pub(super) fn new(uri: &Uri) -> Result<Self, String> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT));
        let mut builder = Client::builder(TokioExecutor::new());
        builder.timer(TokioTimer::new()).pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE);
        if uri.scheme_str() == Some("http") {
            return Ok(Self::Plain(builder.build(tcp)));
        }
        let tls = hyper_rustls::HttpsConnectorBuilder::new().with_native_roots();
        let tls = tls.map_err(|error| format!("the system's certificates: {error}"))?.https_only().enable_http1();
        Ok(match Matcher::from_env().intercept(uri) {
            None => Self::Direct(builder.build(tls.wrap_connector(tcp))),
            Some(proxy) => {
                let mut tunnel = Tunnel::new(proxy.uri().clone(), tcp);
                if let Some(auth) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(auth.clone());
                }
                Self::Proxy(builder.build(tls.wrap_connector(tunnel)))
            }
        })
    }

    /// The head of an answer; its body comes as it is read.
    pub(super) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Body>, Error> {
        match self {
            Self::Plain(client) => client.request(request).await,
            Self::Direct(client) => client.request(request).await,
            Self::Proxy(client) => client.request(request).await,
        }
    }
}
