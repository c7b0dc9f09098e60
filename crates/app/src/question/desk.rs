//! Where questions are worked on.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::rc::Rc;

use kernel::id::{Designator, Id, PassId, PatternId, Seq};
use kernel::mount::Stay;
use kernel::placement::Cell;
use kernel::row::{MountPoint, Profile, Within};
use kernel::thing::{Kind, Name};
use kernel::time::Time;
use store::{PassRow, ReportRow};

use super::unit::{Cycle, UnitClass, UnitPass};
use super::{Result, Snapshot};

/// Where questions are worked on: the snapshot, and what was already looked up in it. Questions asked at one desk share that; they see one and the
/// same state of the log.
pub struct Desk<'a> {
    pub(crate) snapshot: &'a Snapshot<'a>,
    memo: RefCell<Memo>,
}

/// Answers of the store, and what follows from them, as far as they are asked for again and again.
#[derive(Default)]
pub(super) struct Memo {
    pub(super) names: Kept<i64, Option<Name>>,
    pub(super) designators: Kept<Designator, Rc<str>>,
    pub(super) positions: Kept<Id, Vec<Id>>,
    pub(super) named_on: Kept<Id, Vec<(u32, Id, Time)>>,
    pub(super) cycles: Kept<Id, Vec<Cycle>>,
    pub(super) cycles_in: Kept<(Id, Time, Time), Vec<Cycle>, 1_024>,
    pub(super) carriers: Kept<Id, bool>,
    pub(super) panels: Kept<Id, bool>,
    pub(super) keys: Kept<(Id, Option<Time>), Vec<Id>>,
    pub(super) lacking: Kept<Id, bool>,
    pub(super) classes: Kept<Id, Rc<UnitClass>>,
    pub(super) passes: Kept<(Id, Option<Id>), Rc<Vec<UnitPass>>, 8_192>,
    /// Rows of a unit as a whole: the boards of a panel share them.
    pub(super) rows: Kept<RowsKey, Rc<Vec<Rc<PassRow>>>, 256>,
    pub(super) units_of: Kept<PassId, Rc<BTreeSet<Id>>>,
    pub(super) within: Kept<Id, Rc<Vec<Within>>>,
    pub(super) emptied: Kept<Id, Rc<Vec<Within>>>,
    pub(super) products: Kept<Id, Vec<Id>>,
    pub(super) profiles: Kept<Id, Option<Rc<Profile>>>,
    pub(super) stays: Kept<(Id, Kind), Rc<Vec<Stay>>>,
    pub(super) stays_of: Kept<Id, Rc<Vec<Stay>>, 1_024>,
    pub(super) stays_in: Kept<(Id, Kind, Time, Time), Rc<Vec<Stay>>, 1_024>,
    pub(super) points_of: Kept<Id, Rc<Vec<MountPoint>>, 4_096>,
    pub(super) steady: Kept<Id, bool>,
    pub(super) wandering: Kept<Id, bool>,
    pub(super) mixed_places: Kept<Id, Rc<Vec<Option<Id>>>>,
    pub(super) reports: Kept<(Id, PatternId, Seq), Option<Rc<Report>>, 512>,
    pub(super) pass_reports: Kept<(Id, Id, usize), Rc<PassReport>, 2_048>,
    pub(super) times: Kept<Seq, Rc<PlacedTimes>, 512>,
    pub(super) parts: Kept<Id, Rc<BTreeSet<Id>>>,
    pub(super) splices: Kept<Id, Rc<Vec<Splice>>>,
    pub(super) known: Kept<(Id, Id), Rc<[Designator]>>,
    pub(super) needs: Kept<(Id, Option<Id>, Id), bool>,
    pub(super) tool_kinds: Kept<Id, Vec<Id>>,
}

/// At most so many answers; when it is full it begins anew.
pub(super) struct Kept<K, V, const MAX: usize = 16_384>(HashMap<K, V>);

impl<K, V, const MAX: usize> Default for Kept<K, V, MAX> {
    fn default() -> Kept<K, V, MAX> {
        Kept(HashMap::new())
    }
}

/// Unit as a whole, station, and a closed window.
type RowsKey = (Id, Option<Id>, Time, Time);

/// Of a component installed: number of the report, of the cell in it, and whether the unit was meant by a shared name.
pub(super) type Placement = (usize, usize, bool);

/// A decoded report.
pub(super) struct Report {
    pub(super) row: ReportRow,
    pub(super) cells: Vec<Cell>,
    /// Numbers of the cells by the unit that they name.
    pub(super) by_unit: BTreeMap<Id, Vec<usize>>,
}

/// What the installation reports of a pass say of one of its units, whatever is asked.
pub(super) struct PassReport {
    pub(super) reports: Vec<Rc<Report>>,
    /// Whether any of them speaks of the unit.
    pub(super) speaks: bool,
    /// What was installed, by source.
    pub(super) sources: Vec<Source>,
    /// Tools that placed, and whether the unit was meant by a shared name.
    pub(super) tools: BTreeSet<(Id, bool)>,
    /// Whether a tool is named for every component.
    pub(super) all_have_tools: bool,
    /// Programs under which the pass ran.
    pub(super) programs: Vec<Id>,
    /// Positions that these are known to install.
    pub(super) known: usize,
    /// How many of those the reports do not account for.
    pub(super) missing: usize,
}

/// Components that a pass installed from one package.
pub(super) struct Source {
    /// The package that was named, if one was.
    pub(super) package: Option<Id>,
    /// Packages named as leading it in a splice chain.
    pub(super) leading: Vec<Id>,
    pub(super) cells: Vec<Placement>,
}

/// Times of the components of a message, by what it says of them. Of several that it says the same of, in the message's order.
pub(super) type PlacedTimes = HashMap<PlacedKey, Vec<Option<Time>>>;

/// What a message says of a component, apart from its time.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct PlacedKey {
    pub(super) unit: String,
    pub(super) position: u32,
    pub(super) designator: String,
    pub(super) place: String,
    pub(super) package: String,
    pub(super) tool: String,
    pub(super) leading: Vec<String>,
    pub(super) grey: bool,
}

/// A splice between two packages and how long it lasted, closed.
#[derive(Clone, Debug)]
pub(super) struct Splice {
    pub(super) other: Id,
    pub(super) from: Time,
    pub(super) until: Time,
}

impl<'a> Desk<'a> {
    /// An empty desk.
    #[must_use]
    pub fn new(snapshot: &'a Snapshot<'a>) -> Desk<'a> {
        Desk { snapshot, memo: RefCell::default() }
    }

    /// What is kept under a key, else what is found now.
    pub(super) fn memo<K: Eq + Hash + Clone, V: Clone, const MAX: usize>(
        &self,
        of: impl Fn(&mut Memo) -> &mut Kept<K, V, MAX>,
        key: K,
        find: impl FnOnce() -> Result<V>,
    ) -> Result<V> {
        if let Some(known) = of(&mut self.memo.borrow_mut()).0.get(&key) {
            return Ok(known.clone());
        }
        let found = find()?;
        let mut memo = self.memo.borrow_mut();
        let kept = &mut of(&mut memo).0;
        if kept.len() >= MAX {
            kept.clear();
        }
        kept.insert(key, found.clone());
        Ok(found)
    }
}
