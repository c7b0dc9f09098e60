//! Where questions are worked on.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hash;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use foldhash::fast::RandomState;
use kernel::id::{Designator, Id, PassId, PatternId, Seq};
use kernel::mount::Stay;
use kernel::placement::{Cell, Difference, Pattern};
use kernel::row::{MountPoint, Profile, Within};
use kernel::thing::{Kind, Name};
use kernel::time::Time;
use store::{Draw, Lasting, PassRow, ReportRow};

use super::unit::{Cycle, Stint, UnitClass, UnitPass};
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
    pub(super) names: Kept<i64, Option<Name>, OF_UNITS>,
    pub(super) designators: Kept<Designator, Rc<str>>,
    /// How sets of positions are written.
    pub(super) written: Kept<Rc<[Designator]>, Rc<[Rc<str>]>, 1_024>,
    /// Positions that a unit, as a whole, was mentioned with, and the whole.
    pub(super) mentioned: Kept<Id, Rows<Id>>,
    pub(super) named_on: Kept<Id, Rows<(u32, Id, Time)>>,
    pub(super) places_of_name: Kept<Id, Rows<(Id, u32, Time)>>,
    pub(super) homes: Kept<Id, Rc<BTreeSet<Id>>>,
    pub(super) cycles: Kept<Id, Vec<Cycle>>,
    pub(super) cycles_in: Kept<(Id, Time, Time), Vec<Cycle>, 1_024>,
    /// Things that units were put on or taken off.
    pub(super) carrying: Kept<Id, bool>,
    pub(super) carriers: Kept<Id, bool, OF_UNITS>,
    pub(super) panels: Kept<Id, bool>,
    pub(super) keys: Kept<(Id, Option<Time>), Vec<Id>, OF_UNITS>,
    /// Positions at which something was removed, from a unit as a whole or from boards of it.
    pub(super) lacking: Kept<Id, Rows<Designator>>,
    pub(super) classes: Kept<Id, Rc<UnitClass>, OF_UNITS>,
    pub(super) passes: Kept<(Id, Option<Id>), Rc<Vec<UnitPass>>, 2_048>,
    /// Passes that list a unit, as a whole, and their stations.
    pub(super) listing: Kept<Id, Rows<(PassId, Id)>>,
    /// Passes at a station that lasted for more than a day, or may have.
    pub(super) lasting: Kept<Id, Rc<[Lasting]>, 64>,
    pub(super) pass_rows: Kept<PassId, Option<Rc<PassRow>>, 4_096>,
    /// Rows of a carrier in a window.
    pub(super) rows: Kept<RowsKey, Rc<Vec<Rc<PassRow>>>, 256>,
    pub(super) units_of: Kept<PassId, Rc<BTreeSet<Id>>>,
    pub(super) within: Kept<Id, Rows<Within>, OF_UNITS>,
    /// What things were in, by time.
    pub(super) stints: Kept<Id, Rc<[Stint]>, OF_UNITS>,
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
    pub(super) reports: Kept<(Id, PatternId, Seq), Option<Rc<Report>>, 256>,
    /// What an origin of a pattern drew on when it was last asked for.
    pub(super) draws: Kept<(Id, PatternId, usize), Draw, 65_536>,
    /// Whether components were reported by a pattern at a station without a package.
    pub(super) unnamed: Kept<(Id, PatternId), bool>,
    pub(super) lacks: Kept<LacksKey, (usize, usize)>,
    pub(super) times: Kept<Seq, Rc<PlacedTimes>, 512>,
    pub(super) parts: Kept<Id, Rc<BTreeSet<Id>>>,
    pub(super) splices: Kept<Id, Rc<Vec<Splice>>>,
    pub(super) known: Kept<(Id, Id), Rc<[Designator]>>,
    pub(super) needs: Kept<(Id, Option<Id>, Id), bool>,
    pub(super) tool_kinds: Kept<Id, Vec<Id>>,
}

/// Passes, or units, for which what is needed is looked up together.
pub(super) const TOGETHER: usize = 512;

/// Answers kept of what is asked of each unit of a recall more than once.
const OF_UNITS: usize = 131_072;

/// Answers kept of a kind in tests.
const KEPT_IN_TESTS: usize = 48;

/// At most so many answers; when it is full it begins anew.
pub(super) struct Kept<K, V, const MAX: usize = 16_384>(HashMap<K, V, RandomState>);

impl<K, V, const MAX: usize> Default for Kept<K, V, MAX> {
    fn default() -> Kept<K, V, MAX> {
        Kept(HashMap::default())
    }
}

/// All rows that stand under a key.
pub(super) type Rows<T> = Rc<[T]>;

/// Unit as a whole, station, and a closed window.
type RowsKey = (Id, Option<Id>, Time, Time);

/// Station, programs, and the patterns by which reports are coded that account for all of their positions.
type LacksKey = (Id, Vec<Id>, Vec<PatternId>);

/// A report.
pub(super) struct Report {
    pub(super) row: ReportRow,
    pub(super) pattern: Arc<Pattern>,
    /// The boards, ascending.
    pub(super) units: Vec<Id>,
    pub(super) differences: Vec<Difference>,
    /// Its components, once they are asked for.
    pub(super) decoded: OnceCell<Decoded>,
}

/// The components of a report.
pub(super) struct Decoded {
    pub(super) cells: Vec<Cell>,
    /// Which cells are of which unit, ascending.
    pub(super) by_unit: Vec<(Id, Range<usize>)>,
    /// What was installed, by source.
    pub(super) sources: Vec<Source>,
}

/// Components of a report that were installed from one package.
pub(super) struct Source {
    /// The package that was named, if one was.
    pub(super) package: Option<Id>,
    /// Packages named as leading it in a splice chain.
    pub(super) leading: Vec<Id>,
    /// Numbers of the cells, ascending.
    pub(super) cells: Vec<usize>,
}

/// A report of a pass that speaks of one of its units.
pub(super) struct Spoken {
    pub(super) report: Rc<Report>,
    /// The unit as the report names it.
    pub(super) unit: Id,
    /// Whether that name is shared.
    pub(super) shared: bool,
}

/// What the installation reports of a pass account for, of one of its units.
pub(super) struct Account {
    /// Whether any of them speaks of the unit.
    pub(super) speaks: bool,
    /// Programs under which the pass ran.
    pub(super) programs: Vec<Id>,
    /// Positions that these are known to install.
    pub(super) known: usize,
    /// How many of those the reports do not account for.
    pub(super) missing: usize,
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
        self.keep(of, key, found.clone());
        Ok(found)
    }

    /// What is kept under a key.
    pub(super) fn kept<K: Eq + Hash, V: Clone, const MAX: usize>(
        &self,
        of: impl Fn(&mut Memo) -> &mut Kept<K, V, MAX>,
        key: &K,
    ) -> Option<V> {
        of(&mut self.memo.borrow_mut()).0.get(key).cloned()
    }

    /// Keeps something under a key.
    pub(super) fn keep<K: Eq + Hash, V, const MAX: usize>(
        &self,
        of: impl Fn(&mut Memo) -> &mut Kept<K, V, MAX>,
        key: K,
        value: V,
    ) {
        let mut memo = self.memo.borrow_mut();
        let kept = &mut of(&mut memo).0;
        // In tests little is kept, so that they see what happens when it is full.
        if kept.len() >= if cfg!(debug_assertions) { KEPT_IN_TESTS } else { MAX } {
            kept.clear();
        }
        kept.insert(key, value);
    }

    /// All rows that stand under a key.
    pub(super) fn every<K: Eq + Hash + Copy, V: Clone, const MAX: usize>(
        &self,
        of: impl Fn(&mut Memo) -> &mut Kept<K, Rows<V>, MAX>,
        key: K,
        find: impl FnOnce(&[K]) -> Result<Vec<(K, V)>>,
    ) -> Result<Rows<V>> {
        self.memo(of, key, || Ok(find(&[key])?.into_iter().map(|(_, row)| row).collect()))
    }

    /// Looks up together all rows that stand under some keys, where they are not kept.
    pub(super) fn gather<K: Eq + Hash + Ord + Copy, V: Clone, const MAX: usize>(
        &self,
        of: impl Fn(&mut Memo) -> &mut Kept<K, Rows<V>, MAX>,
        keys: impl IntoIterator<Item = K>,
        find: impl FnOnce(&[K]) -> Result<Vec<(K, V)>>,
    ) -> Result<()> {
        let asked = self.not_kept(&of, keys);
        if asked.is_empty() {
            return Ok(());
        }
        let mut found = find(&asked)?;
        found.sort_by_key(|(key, _)| *key);
        // Most have none.
        let none: Rows<V> = Rows::default();
        let mut missing = asked.as_slice();
        for rows in found.chunk_by(|one, other| one.0 == other.0) {
            let key = rows[0].0;
            let before = missing.partition_point(|other| *other < key);
            missing[..before].iter().for_each(|key| self.keep(&of, *key, Rc::clone(&none)));
            missing = missing[before..].strip_prefix(&[key]).unwrap_or(&missing[before..]);
            self.keep(&of, key, rows.iter().map(|(_, row)| row.clone()).collect());
        }
        missing.iter().for_each(|key| self.keep(&of, *key, Rc::clone(&none)));
        Ok(())
    }

    /// Finds out together for which of some keys something holds, where that is not kept.
    pub(super) fn gather_whether<K: Eq + Hash + Ord + Copy, const MAX: usize>(
        &self,
        of: impl Fn(&mut Memo) -> &mut Kept<K, bool, MAX>,
        keys: impl IntoIterator<Item = K>,
        find: impl FnOnce(&[K]) -> Result<Vec<K>>,
    ) -> Result<()> {
        let asked = self.not_kept(&of, keys);
        if !asked.is_empty() {
            let holding: HashSet<K, RandomState> = find(&asked)?.into_iter().collect();
            for key in asked {
                self.keep(&of, key, holding.contains(&key));
            }
        }
        Ok(())
    }

    /// Those of some keys under which nothing is kept, ascending.
    pub(super) fn not_kept<K: Eq + Hash + Ord + Copy, V, const MAX: usize>(
        &self,
        of: impl Fn(&mut Memo) -> &mut Kept<K, V, MAX>,
        keys: impl IntoIterator<Item = K>,
    ) -> Vec<K> {
        let mut memo = self.memo.borrow_mut();
        let kept = &of(&mut memo).0;
        let mut asked: Vec<K> = keys.into_iter().filter(|key| !kept.contains_key(key)).collect();
        asked.sort_unstable();
        asked.dedup();
        asked
    }
}
