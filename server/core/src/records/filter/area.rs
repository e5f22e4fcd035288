//! Areas on the earth: a box in degrees, or a circle in metres. Each record stores its points on the unit sphere, and
//! distances are taken between those, so SQL needs no trigonometry.

use serde_json::Value;

/// The mean radius of the earth, in metres.
const EARTH: f64 = 6_371_008.8;
/// Half of the earth's circumference, in metres.
const FARTHEST: f64 = 20_037_508.0;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Area {
    /// Degrees. If west is greater than east, the box crosses the antimeridian.
    Box {
        south: f64,
        west: f64,
        north: f64,
        east: f64,
    },
    /// All points within this chord of `center`, squared.
    Circle {
        center: [f64; 3],
        chord_squared: f64,
    },
}

/// The coordinates of a point on the unit sphere.
pub fn on_sphere(latitude: f64, longitude: f64) -> [f64; 3] {
    let (latitude, longitude) = (latitude.to_radians(), longitude.to_radians());
    [
        latitude.cos() * longitude.cos(),
        latitude.cos() * longitude.sin(),
        latitude.sin(),
    ]
}

impl Area {
    pub fn contains(&self, latitude: f64, longitude: f64) -> bool {
        match *self {
            Self::Box {
                south,
                west,
                north,
                east,
            } => {
                let between = if west <= east {
                    west <= longitude && longitude <= east
                } else {
                    longitude >= west || longitude <= east
                };
                south <= latitude && latitude <= north && between
            }
            Self::Circle {
                center,
                chord_squared,
            } => {
                let [x, y, z] = on_sphere(latitude, longitude);
                let [cx, cy, cz] = center;
                (x - cx) * (x - cx) + (y - cy) * (y - cy) + (z - cz) * (z - cz) <= chord_squared
            }
        }
    }
}

/// Reads `{box: {south, west, north, east}}` or `{center: {latitude, longitude}, radius}`.
pub fn parse(value: &Value) -> Result<Area, (&'static str, String)> {
    let shape = || {
        ("type", "within takes {box: {south, west, north, east}} or {center: {latitude, longitude}, radius}.".to_owned())
    };
    let object = value.as_object().ok_or_else(shape)?;
    let degrees = |object: &Value, name: &str, most: f64| {
        let number = object
            .get(name)
            .and_then(Value::as_f64)
            .filter(|number| number.abs() <= most);
        number.ok_or_else(|| {
            (
                "range",
                format!("{name} is a number of degrees within ±{most}."),
            )
        })
    };
    let sized =
        |value: &Value, size: usize| value.as_object().is_some_and(|object| object.len() == size);
    match (
        object.get("box"),
        object.get("center"),
        object.get("radius"),
    ) {
        (Some(area), None, None) if object.len() == 1 && sized(area, 4) => {
            let south = degrees(area, "south", 90.0)?;
            let north = degrees(area, "north", 90.0)?;
            if south > north {
                return Err(("order", "south is at most north.".to_owned()));
            }
            Ok(Area::Box {
                south,
                north,
                west: degrees(area, "west", 180.0)?,
                east: degrees(area, "east", 180.0)?,
            })
        }
        (None, Some(center), Some(radius)) if object.len() == 2 && sized(center, 2) => {
            let radius = radius
                .as_f64()
                .filter(|radius| (0.0..=FARTHEST).contains(radius));
            let radius = radius.ok_or_else(|| {
                (
                    "range",
                    format!("radius is a number of metres from 0 to {FARTHEST}."),
                )
            })?;
            let chord = 2.0
                * (radius / EARTH / 2.0)
                    .min(std::f64::consts::FRAC_PI_2)
                    .sin();
            Ok(Area::Circle {
                center: on_sphere(
                    degrees(center, "latitude", 90.0)?,
                    degrees(center, "longitude", 180.0)?,
                ),
                chord_squared: chord * chord,
            })
        }
        _ => Err(shape()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn circles_are_measured_in_metres() {
        // Bristol to London is 170 km.
        let around = |radius: f64| {
            parse(&json!({"center": {"latitude": 51.4545, "longitude": -2.5879}, "radius": radius}))
                .unwrap()
        };
        assert!(around(171_000.0).contains(51.5074, -0.1278));
        assert!(!around(169_000.0).contains(51.5074, -0.1278));
        assert!(around(20_037_508.0).contains(-51.4545, 177.4121));
    }

    #[test]
    fn boxes_cross_the_antimeridian() {
        let fiji = parse(&json!({"box": {"south": -20, "west": 177, "north": -15, "east": -178}}))
            .unwrap();
        assert!(fiji.contains(-17.7, 178.0) && fiji.contains(-17.7, -179.0));
        assert!(!fiji.contains(-17.7, 0.0) && !fiji.contains(-21.0, 178.0));
    }

    #[test]
    fn what_is_no_area_is_refused() {
        for value in [
            json!(1),
            json!({}),
            json!({"box": {}}),
            json!({"box": {"south": 1, "west": 0, "north": 0, "east": 0}}),
            json!({"center": {"latitude": 91, "longitude": 0}, "radius": 1}),
            json!({"center": {"latitude": 0, "longitude": 0}, "radius": -1}),
            json!({"center": {"latitude": 0, "longitude": 0}}),
        ] {
            assert!(parse(&value).is_err(), "{value}");
        }
    }
}
