//! What a page of describe output says of the answer that it is a part of.

use super::fields::{list, text};
use super::json::{Json, Object};
use crate::sources::pages::{self, About};
use std::collections::BTreeSet;

/// Whether the page names a next one; SDKs differ in the first letter.
pub(super) fn goes_on(page: &Object<'_>) -> bool {
    ["NextToken", "nextToken"].iter().any(|key| pages::goes_on(page.get(key).and_then(Json::as_str)))
}

/// The VPCs that a page's elements are in, as far as they say.
pub(super) fn about(elements: &[Json<'_>]) -> BTreeSet<About> {
    let mut vpcs: BTreeSet<&str> = BTreeSet::new();
    for element in elements {
        vpcs.extend(text(element, "VpcId"));
        vpcs.extend(text(element, "ResourceId").filter(|id| id.starts_with("vpc-")));
        vpcs.extend(list(element, "Instances").iter().filter_map(|instance| text(instance, "VpcId")));
    }
    vpcs.into_iter().map(|vpc| About::Vpc(vpc.to_owned())).collect()
}
