//! The edge of a board: a closed line of straight and round edges, and the cut-outs inside.

use serde::Serialize;

/// A point in micrometres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Point {
    /// To the right.
    pub x_um: i64,
    /// Up.
    pub y_um: i64,
}

/// A closed edge and the cut-outs inside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outline {
    /// Where the edge begins.
    pub begin: Point,
    /// The edges, each from where the last ended.
    pub edges: Vec<Edge>,
    /// Closed edges inside.
    pub cutouts: Vec<(Point, Vec<Edge>)>,
}

/// A part of an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// Where it ends.
    pub to: Point,
    /// The centre, if it is an arc.
    pub centre: Option<Point>,
    /// Which way round, if it is an arc.
    pub clockwise: bool,
}

/// The smallest upright rectangle around an outline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Bounds {
    /// The lower left corner.
    pub low: Point,
    /// The upper right corner.
    pub high: Point,
}

impl Bounds {
    /// Width and height.
    pub fn size_um(&self) -> (i64, i64) {
        (self.high.x_um - self.low.x_um, self.high.y_um - self.low.y_um)
    }

    fn include(&mut self, point: Point) {
        self.low.x_um = self.low.x_um.min(point.x_um);
        self.low.y_um = self.low.y_um.min(point.y_um);
        self.high.x_um = self.high.x_um.max(point.x_um);
        self.high.y_um = self.high.y_um.max(point.y_um);
    }
}

impl Outline {
    /// The rectangle around the edge, arcs included.
    pub fn bounds(&self) -> Bounds {
        let mut bounds = Bounds { low: self.begin, high: self.begin };
        let mut from = self.begin;
        for edge in &self.edges {
            bounds.include(edge.to);
            if let Some(centre) = edge.centre {
                let (first, last) = if edge.clockwise { (edge.to, from) } else { (from, edge.to) };
                let radius = distance(centre, from);
                for (x, y) in [(1, 0), (0, 1), (-1, 0), (0, -1)] {
                    if passes((x, y), centre, first, last) {
                        bounds.include(Point { x_um: centre.x_um + x * radius, y_um: centre.y_um + y * radius });
                    }
                }
            }
            from = edge.to;
        }
        bounds
    }
}

fn distance(a: Point, b: Point) -> i64 {
    let (x, y) = (i128::from(a.x_um - b.x_um), i128::from(a.y_um - b.y_um));
    let square = x * x + y * y;
    let root = square.isqrt();
    let nearest = if square - root * root > root { root + 1 } else { root };
    i64::try_from(nearest).unwrap_or(i64::MAX)
}

/// Whether the counter-clockwise arc from `first` to `last` around `centre` passes through a direction.
fn passes(direction: (i64, i64), centre: Point, first: Point, last: Point) -> bool {
    if first == last {
        return true;
    }
    let vector = |point: Point| (i128::from(point.x_um - centre.x_um), i128::from(point.y_um - centre.y_um));
    let cross = |a: (i128, i128), b: (i128, i128)| a.0 * b.1 - a.1 * b.0;
    let (a, b, d) = (vector(first), vector(last), (i128::from(direction.0), i128::from(direction.1)));
    let less_than_half = cross(a, b) > 0 || (cross(a, b) == 0 && a.0 * b.0 + a.1 * b.1 > 0);
    let after_first = cross(a, d) >= 0;
    let before_last = cross(d, b) >= 0;
    if less_than_half { after_first && before_last } else { after_first || before_last }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(x_um: i64, y_um: i64) -> Point {
        Point { x_um, y_um }
    }

    #[test]
    fn bounds_of_lines_and_arcs() {
        let line = |x, y| Edge { to: point(x, y), centre: None, clockwise: false };
        let square =
            Outline { begin: point(0, 0), edges: vec![line(10, 0), line(10, 20), line(0, 20)], cutouts: vec![] };
        assert_eq!(square.bounds(), Bounds { low: point(0, 0), high: point(10, 20) });

        let arc = |to, clockwise| Edge { to, centre: Some(point(0, 0)), clockwise };
        let bounds = |edge| Outline { begin: point(10, 0), edges: vec![edge], cutouts: vec![] }.bounds();
        assert_eq!(bounds(arc(point(0, 10), false)), Bounds { low: point(0, 0), high: point(10, 10) });
        assert_eq!(bounds(arc(point(0, 10), true)), Bounds { low: point(-10, -10), high: point(10, 10) });
        assert_eq!(bounds(arc(point(-10, 0), false)), Bounds { low: point(-10, 0), high: point(10, 10) });
        assert_eq!(bounds(arc(point(-10, 0), true)), Bounds { low: point(-10, -10), high: point(10, 0) });
        assert_eq!(bounds(arc(point(10, 0), true)), Bounds { low: point(-10, -10), high: point(10, 10) });
    }
}
