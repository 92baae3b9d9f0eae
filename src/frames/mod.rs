//! Polars frames: what collapsed rows become for grouping and joining. The only folder that names Polars types.
//!
//! `bridge` hands Arrow arrays over without a copy, `flows` holds the counted rows and the groupings that the report needs.
//! Frames add and group; money is never multiplied in a frame.

pub mod bridge;
pub mod charges;
pub mod flows;
