//! What the factory says, piece by piece.
//!
//! The factory works order by order. A history of whole orders is left open: it is the beginning of every longer one of the same seed, to the byte, so it can be
//! built on later. Any other, and one that is to be compared with the factory's own truth, is closed: the last boxes are shipped, late messages come in.

use factory::{Config, Kind, Output, Simulation};

use crate::say::Failure;

/// Bytes of messages in a piece.
const PIECE_BYTES: usize = 32 << 20;

/// Panels of one work order.
pub(super) const PANELS_PER_ORDER: u32 = 25;

/// Placements of a panel, in the long run.
pub(super) const PLACEMENTS_PER_PANEL: u64 = 2_934;

/// Some of what the factory says.
#[derive(Debug, Default)]
pub(super) struct Piece {
    /// CFX, a message a line.
    pub(super) messages: Vec<u8>,
    /// Events, one a line.
    pub(super) events: Vec<u8>,
    /// Lines in both.
    pub(super) lines: u64,
    /// Components reported in it.
    pub(super) placements: u64,
}

impl Piece {
    pub(super) fn bytes(&self) -> u64 {
        (self.messages.len() + self.events.len()) as u64
    }
}

/// The pieces of a history.
pub(super) struct Stream {
    simulation: Simulation,
    /// The panel that an open history has no more; nothing is said from its first message on.
    beyond: Option<String>,
    ended: bool,
}

impl Stream {
    pub(super) fn new(panels: u32, seed: u64, closed: bool) -> Result<Stream, Failure> {
        let config = Config {
            seed,
            panels: closed.then_some(panels),
            panels_per_order: PANELS_PER_ORDER,
            truth: false,
            ..Config::default()
        };
        let beyond = (!closed).then(|| format!("\"PNL-{:06}\"", panels + 1));
        Ok(Stream { simulation: Simulation::new(config).map_err(Failure::of)?, beyond, ended: false })
    }

    /// Leaves out the first lines; `told` hears how many are behind.
    pub(super) fn skip_lines(&mut self, lines: u64, told: &mut dyn FnMut(u64)) {
        for number in 0..lines {
            if self.line().is_none() {
                break;
            }
            if number.is_multiple_of(1024) {
                told(number);
            }
        }
    }

    fn line(&mut self) -> Option<Kind> {
        if self.ended {
            return None;
        }
        let Some(Output { kind: line, .. }) = self.simulation.next() else {
            self.ended = true;
            return None;
        };
        self.ended = matches!((&line, &self.beyond), (Kind::Cfx(line), Some(beyond))
            if line.starts_with("{\"MessageName\":\"CFX.Production.UnitsInitialized\"") && line.contains(beyond));
        (!self.ended).then_some(line)
    }
}

impl Iterator for Stream {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        let mut piece = Piece::default();
        while piece.messages.len() < PIECE_BYTES
            && let Some(line) = self.line()
        {
            let (stream, line) = match line {
                Kind::Cfx(line) => (&mut piece.messages, line),
                Kind::Event(line) => (&mut piece.events, line),
            };
            piece.placements += placements(&line);
            piece.lines += 1;
            stream.extend_from_slice(line.as_bytes());
            stream.push(b'\n');
        }
        (piece.lines > 0).then_some(piece)
    }
}

/// Components that a message reports.
fn placements(line: &str) -> u64 {
    if is_placement_report(line.as_bytes()) { line.matches("\"ReferenceDesignator\"").count() as u64 } else { 0 }
}

/// Whether a message says what was placed.
pub(super) fn is_placement_report(line: &[u8]) -> bool {
    line.starts_with(b"{\"MessageName\":\"CFX.Production.Assembly.MaterialsInstalled\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(panels: u32, closed: bool) -> (Vec<u8>, u64) {
        let (mut messages, mut lines) = (Vec::new(), 0);
        for piece in Stream::new(panels, 1, closed).expect("a factory") {
            messages.extend_from_slice(&piece.messages);
            lines += piece.lines;
        }
        (messages, lines)
    }

    #[test]
    fn an_open_history_is_the_beginning_of_longer_ones() {
        let (short, lines) = said(PANELS_PER_ORDER, false);
        let (long, _) = said(PANELS_PER_ORDER + 1, true);
        assert!(short.len() > 1 << 20 && long.starts_with(&short));
        let mut rest = Stream::new(PANELS_PER_ORDER + 1, 1, true).expect("a factory");
        rest.skip_lines(lines, &mut |_| ());
        let rest: Vec<u8> = rest.flat_map(|piece| piece.messages).collect();
        assert!(long.ends_with(&rest) && rest.len() + short.len() == long.len());
    }
}
