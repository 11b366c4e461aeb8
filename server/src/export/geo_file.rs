//! A FeatureCollection in pieces.

use serde::Serialize;

use crate::coverage::geo::Feature;

/// What comes before the features, between two, and after them.
pub(super) const BEGIN: &str = "{\"type\":\"FeatureCollection\",\"features\":[\n";
/// See [`BEGIN`].
pub(super) const BETWEEN: &str = ",\n";
/// See [`BEGIN`].
pub(super) const END: &str = "\n]}\n";

/// One feature.
pub(super) fn feature<P: Serialize>(feature: &Feature<P>) -> std::io::Result<String> {
    Ok(serde_json::to_string(feature)?)
}
