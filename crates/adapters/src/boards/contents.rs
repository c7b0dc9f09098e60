//! What one file says, as its reader hands it to `reconcile`.

use std::sync::Arc;

use super::board::{Attribute, BillLine, Disagreement, Note, PartRef, Place, Problem, Side, one_line};
use super::format::Format;
use super::outline::Outline;
use super::panel::PanelLayout;
use super::text::Encoding;

/// What one file says, before it is compared with the others.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) name: Arc<str>,
    pub(super) format: Format,
    pub(super) encoding: Encoding,
    /// What the file says it is for (IPC-2581), for the message when nothing is inside.
    pub(super) purpose: Option<String>,
    pub(super) assembly: Option<String>,
    pub(super) revision: Option<String>,
    /// `Some` if the file speaks of placements at all.
    pub(super) placements: Option<Vec<Placement>>,
    /// `Some` if the file speaks of a bill of materials at all.
    pub(super) bill: Option<Vec<Listed>>,
    /// Designators that free text says are not fitted, with the text.
    pub(super) not_fitted: Vec<(String, String, Place)>,
    pub(super) outline: Option<Outline>,
    pub(super) panel: Option<PanelLayout>,
    pub(super) disagreements: Vec<Disagreement>,
    pub(super) problems: Vec<Problem>,
    pub(super) notes: Vec<Note>,
}

impl Contents {
    pub(super) fn new(name: &str, format: Format, encoding: Encoding) -> Self {
        Self {
            name: name.into(),
            format,
            encoding,
            purpose: None,
            assembly: None,
            revision: None,
            placements: None,
            bill: None,
            not_fitted: Vec::new(),
            outline: None,
            panel: None,
            disagreements: Vec::new(),
            problems: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub(super) fn place(&self, line: u64) -> Place {
        Place { file: Arc::clone(&self.name), line }
    }

    pub(super) fn problem(&mut self, line: u64, column: Option<usize>, field: Option<&str>, reason: impl Into<String>) {
        let place = self.place(line);
        self.problems.push(Problem {
            place,
            column,
            field: field.map(str::to_owned),
            reason: one_line(&reason.into()),
        });
    }

    pub(super) fn note(&mut self, line: Option<u64>, text: impl Into<String>) {
        self.notes.push(Note::new(Arc::clone(&self.name), line, &text.into()));
    }
}

/// A line of a placement file.
#[derive(Debug, Clone)]
pub(super) struct Placement {
    pub(super) designator: String,
    pub(super) x_um: Option<i64>,
    pub(super) y_um: Option<i64>,
    pub(super) rotation_mdeg: Option<i64>,
    pub(super) side: Option<Side>,
    pub(super) footprint: Option<String>,
    /// The part as far as the placement file knows it.
    pub(super) part: PartRef,
    pub(super) not_fitted: Option<String>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) place: Place,
}

/// A line of a bill of materials together with what only some of its designators have.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) line: BillLine,
    /// Per designator: package, side and whether it is fitted (IPC-2581 says so for each).
    pub(super) each: Vec<ListedDesignator>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct ListedDesignator {
    pub(super) package: Option<String>,
    pub(super) side: Option<Side>,
    pub(super) not_fitted: Option<String>,
}
