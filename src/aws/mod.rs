//! The live account: the only module that speaks to a network, and it only reads. Every request belongs to a [`Call`], and the
//! policy that users are shown is made of these.

pub mod athena;
pub mod call;
pub mod chain;
pub mod cloudwatch;
pub mod cost_explorer;
pub mod ec2;
pub mod error;
mod http;
pub mod logs;
pub mod pages;
mod query;
mod request;
pub mod s3;
mod sdk;
pub mod session;
pub mod sts;
mod transport;

pub use call::Call;
pub use error::{AwsError, Trouble};
pub use http::{Budget, Service};
pub use session::{Access, Role, Session};
