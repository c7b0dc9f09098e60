//! The whole works: its lines, what they share, and whose turn it is.
//!
//! The line that is furthest behind takes the next step, so nothing is said in a later step that is earlier than that line's
//! time, which is how far the delivery may be read (`horizon`).

use crate::board::Board;
use crate::config::Config;
use crate::dispatch::Dispatch;
use crate::floor::Floor;
use crate::line::Line;
use crate::stock::Reel;

pub(crate) struct Works {
    pub(crate) floor: Floor,
    pub(crate) horizon: i64,
    lines: Vec<Line>,
    dispatch: Dispatch,
    finished: bool,
}

impl Works {
    pub(crate) fn new(config: Config, mut board: Board) -> Self {
        let revisions = board.plan(&config.products, config.alternates);
        let lines = config.lines as u8;
        let mut floor = Floor::new(config, board);
        floor.release_products();
        let lines = (0..lines).map(|number| Line::new(number, &floor.board, &revisions, floor.start)).collect();
        Self { horizon: floor.start, floor, lines, dispatch: Dispatch::default(), finished: false }
    }

    /// Takes one step; false when there is nothing left to do.
    pub(crate) fn step(&mut self) -> bool {
        if self.finished {
            return false;
        }
        if let Some(line) = self.lines.iter_mut().filter(|line| !line.finished).min_by_key(|line| line.now) {
            line.step(&mut self.floor, &mut self.dispatch);
        }
        match self.lines.iter().filter(|line| !line.finished).map(|line| line.now).min() {
            Some(now) => self.horizon = now,
            None => {
                self.dispatch.flush(&mut self.floor);
                self.finished = true;
                self.horizon = i64::MAX;
            }
        }
        !self.finished
    }

    /// Books what is left in every package, for the balance.
    pub(crate) fn settle_all(&mut self) {
        let on_lines = self.lines.iter().flat_map(Line::reels);
        let left: Vec<Reel> = self.floor.stock.reels().chain(on_lines).cloned().collect();
        for reel in &left {
            self.floor.settle(reel);
        }
    }
}
