//! What a slice's rows are folded into. Digests of consecutive slices and runs combine: a monoid.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Digest {}
