//! GeoJSON (RFC 7946): points with what is known of the place.

use serde::Serialize;
use utoipa::ToSchema;

/// A point. Positions are of units' labels and of villages, never of a house.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Point {
    /// `Point`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Longitude and latitude in degrees, to a thousandth.
    coordinates: [f64; 2],
}

impl Point {
    /// The point of a position in thousandths of a degree.
    #[must_use]
    pub fn of_e3(lat_e3: i32, lon_e3: i32) -> Self {
        let degrees = |thousandths: i32| f64::from(thousandths) / 1000.0;
        Self { kind: "Point", coordinates: [degrees(lon_e3), degrees(lat_e3)] }
    }
}

/// A place with its properties.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Feature<P> {
    /// `Feature`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Where.
    pub geometry: Point,
    /// What is known of it.
    pub properties: P,
}

impl<P> Feature<P> {
    /// A place.
    #[must_use]
    pub fn new(geometry: Point, properties: P) -> Self {
        Self { kind: "Feature", geometry, properties }
    }
}
