//! The live account: the only module that speaks to a network, and it only reads. Every request belongs to a [`Call`], and the
//! policy that users are shown is made of these.

pub mod call;
pub mod error;
pub mod s3;
pub mod session;

pub use call::Call;
pub use error::{AwsError, Trouble};
pub use session::{Access, Role, Session};
