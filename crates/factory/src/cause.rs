//! Planted causes: something goes wrong somewhere, and the factory keeps what it touched and what it harmed.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::random::Random;

/// A cause as a scenario plants it. Lines, machines and nozzles are counted from 1.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum CausePlan {
    /// The more a nozzle has picked, the more of its joints are bad.
    WornNozzle {
        /// Line.
        line: u32,
        /// Placement machine, 1 or 4: those that name their nozzles.
        machine: u32,
        /// Nozzle of the machine, 1 to 6.
        nozzle: u32,
        /// Picks after which `share` is reached.
        life_picks: u32,
        /// Share of bad joints of a worn-out nozzle.
        share: f64,
    },
    /// The oven gets hotter, evenly, until somebody sets it right.
    OvenDrift {
        /// Line.
        line: u32,
        /// Begins so many minutes after the start.
        from_minute: u32,
        /// For how long.
        minutes: u32,
        /// Degrees too hot at the end.
        celsius: u32,
        /// Share of boards with a bad joint at the end.
        share: f64,
    },
    /// A machine builds one order of a changed product with the program of the revision before.
    WrongProgram {
        /// Line.
        line: u32,
        /// Placement machine.
        machine: u32,
        /// The order of the line, from 1.
        order: u32,
    },
    /// Somebody at the hand placement who was not trained.
    UntrainedOperator {
        /// Line.
        line: u32,
        /// The crew they work in, from 1: crews take turns by shift.
        crew: u32,
        /// Share of parts that they place badly.
        share: f64,
    },
    /// A lot of paste that is used past its life.
    OldPaste {
        /// Which of the lots of paste, from 1.
        lot: u32,
        /// Minutes from its receipt to the end of its life.
        life_minutes: u32,
        /// Share of boards with a bad joint when it is past its life.
        share: f64,
    },
}

impl CausePlan {
    /// What makes no sense about it, if anything.
    pub(crate) fn wrong(&self, lines: u32) -> Option<(&'static str, String)> {
        let (line, machine, share) = match self {
            Self::WornNozzle { line, machine, nozzle, life_picks, share } => {
                if ![1, 4].contains(machine) {
                    return Some(("machine", "must be 1 or 4: the others do not name their nozzles".to_owned()));
                }
                if !(1..=6).contains(nozzle) {
                    return Some(("nozzle", "must lie between 1 and 6".to_owned()));
                }
                if *life_picks == 0 {
                    return Some(("life_picks", "must be at least 1".to_owned()));
                }
                (*line, *machine, *share)
            }
            Self::OvenDrift { line, minutes, share, .. } => {
                if *minutes == 0 {
                    return Some(("minutes", "must be at least 1".to_owned()));
                }
                (*line, 1, *share)
            }
            Self::WrongProgram { line, machine, .. } => (*line, *machine, 0.0),
            Self::UntrainedOperator { line, crew, share } => {
                if !(1..=3).contains(crew) {
                    return Some(("crew", "must lie between 1 and 3".to_owned()));
                }
                (*line, 1, *share)
            }
            Self::OldPaste { share, .. } => (1, 1, *share),
        };
        if !(1..=lines).contains(&line) {
            return Some(("line", format!("is {line}, and there are {lines}")));
        }
        if !(1..=4).contains(&machine) {
            return Some(("machine", "must lie between 1 and 4".to_owned()));
        }
        (!(0.0..=1.0).contains(&share)).then(|| ("share", "must lie between 0 and 1".to_owned()))
    }

    /// The word for it in the truth.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::WornNozzle { .. } => "worn nozzle",
            Self::OvenDrift { .. } => "oven drift",
            Self::WrongProgram { .. } => "wrong program",
            Self::UntrainedOperator { .. } => "untrained operator",
            Self::OldPaste { .. } => "paste past its life",
        }
    }
}

/// What a cause did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effect {
    pub(crate) word: &'static str,
    /// The thing that is to blame, `kind:identifier`.
    pub(crate) thing: String,
    /// Handle of the station, if it is at one.
    pub(crate) station: Option<String>,
    /// First and last time, true time.
    pub(crate) time: Option<(i64, i64)>,
    /// Units that were worked on while it was so.
    pub(crate) touched: BTreeSet<u32>,
    /// Units with a fault that comes of it, and where.
    pub(crate) harmed: BTreeMap<u32, BTreeSet<u16>>,
}

/// All causes and what they did so far.
#[derive(Debug, Default)]
pub(crate) struct Causes {
    plans: Vec<CausePlan>,
    /// Those of the plans, by their order; then bad lots.
    pub(crate) effects: Vec<Effect>,
    picks: BTreeMap<usize, u64>,
    random: Random,
    /// Keep what they did.
    keep: bool,
}

impl Causes {
    pub(crate) fn new(plans: &[CausePlan], seed: u64, keep: bool) -> Self {
        let effect = |plan: &CausePlan| Effect { word: plan.word(), ..Effect::default() };
        Self {
            plans: plans.to_vec(),
            effects: plans.iter().map(effect).collect(),
            picks: BTreeMap::new(),
            random: Random::new(seed ^ 0x00ca_05e5),
            keep,
        }
    }

    fn find(&self, is: impl Fn(&CausePlan) -> bool) -> Option<usize> {
        self.plans.iter().position(is)
    }

    /// The unit was worked on by what is to blame; true when that did harm. `position` asks for the place of the harm, if it comes to it.
    fn touch(
        &mut self,
        cause: usize,
        blame: &Blame<'_>,
        unit: u32,
        share: f64,
        position: impl FnOnce(&mut Random) -> u16,
    ) -> Option<u16> {
        let harmed = self.random.chance(share).then(|| position(&mut self.random));
        if self.keep {
            self.note(cause, blame, unit, harmed);
        }
        harmed
    }

    fn note(&mut self, cause: usize, blame: &Blame<'_>, unit: u32, harmed: Option<u16>) {
        let effect = &mut self.effects[cause];
        if effect.thing.is_empty() {
            blame.thing.clone_into(&mut effect.thing);
            effect.station = blame.station.map(str::to_owned);
        }
        let (from, until) = effect.time.unwrap_or((blame.at, blame.at));
        effect.time = Some((from.min(blame.at), until.max(blame.at)));
        effect.touched.insert(unit);
        if let Some(position) = harmed {
            effect.harmed.entry(unit).or_default().insert(position);
        }
    }

    /// A part was placed with a nozzle: whether badly.
    pub(crate) fn pick(&mut self, blame: &Blame<'_>, line: u8, machine: usize, number: u16, part: (u32, u16)) -> bool {
        let here = (u32::from(line) + 1, machine as u32 + 1, u32::from(number) + 1);
        let found = self.find(|plan| {
            matches!(plan, CausePlan::WornNozzle { line, machine, nozzle, .. } if (*line, *machine, *nozzle) == here)
        });
        let Some(cause) = found else { return false };
        let CausePlan::WornNozzle { life_picks, share, .. } = self.plans[cause] else { return false };
        let picks = self.picks.entry(cause).or_default();
        *picks += 1;
        let worn = (*picks as f64 / f64::from(life_picks)).min(1.0);
        self.touch(cause, blame, part.0, share * worn, |_| part.1).is_some()
    }

    /// How much too hot the oven of a line is, in thousandths of a degree, and which part of its whole drift that is.
    pub(crate) fn drift(&self, line: u8, minute: f64) -> Option<(i64, f64)> {
        self.plans.iter().find_map(|plan| match plan {
            CausePlan::OvenDrift { line: other, from_minute, minutes, celsius, .. }
                if *other == u32::from(line) + 1 =>
            {
                let passed = (minute - f64::from(*from_minute)) / f64::from(*minutes);
                (0.0..1.0).contains(&passed).then(|| ((f64::from(*celsius) * passed * 1000.0) as i64, passed))
            }
            _ => None,
        })
    }

    /// A board went through an oven that is too hot: where it was harmed.
    pub(crate) fn heat(&mut self, blame: &Blame<'_>, line: u8, passed: f64, unit: u32, fitted: &[u16]) -> Option<u16> {
        let line = u32::from(line) + 1;
        let cause = self.find(|plan| matches!(plan, CausePlan::OvenDrift { line: other, .. } if *other == line))?;
        let CausePlan::OvenDrift { share, .. } = self.plans[cause] else { return None };
        self.touch(cause, blame, unit, share * passed, |random| any(random, fitted))
    }

    /// Whether a machine runs the program of the revision before.
    pub(crate) fn runs_old_program(&self, line: u8, machine: usize, order: u32) -> bool {
        let here = (u32::from(line) + 1, machine as u32 + 1, order);
        let is = |plan: &CausePlan| matches!(plan, CausePlan::WrongProgram { line, machine, order } if (*line, *machine, *order) == here);
        self.find(is).is_some()
    }

    /// A board got old parts by a wrong program, at these positions.
    pub(crate) fn misplace(&mut self, blame: &Blame<'_>, line: u8, machine: usize, unit: u32, positions: &[u16]) {
        let here = (u32::from(line) + 1, machine as u32 + 1);
        let is = |plan: &CausePlan| matches!(plan, CausePlan::WrongProgram { line, machine, .. } if (*line, *machine) == here);
        if let (Some(cause), true) = (self.find(is), self.keep) {
            self.note(cause, blame, unit, None);
            positions.iter().for_each(|position| self.note(cause, blame, unit, Some(*position)));
        }
    }

    /// Somebody of a crew placed a part by hand: whether badly.
    pub(crate) fn place_by_hand(&mut self, blame: &Blame<'_>, line: u8, crew: u32, part: (u32, u16)) -> bool {
        let here = (u32::from(line) + 1, crew + 1);
        let is = |plan: &CausePlan| matches!(plan, CausePlan::UntrainedOperator { line, crew, .. } if (*line, *crew) == here);
        let Some(cause) = self.find(is) else { return false };
        let CausePlan::UntrainedOperator { share, .. } = self.plans[cause] else { return false };
        self.touch(cause, blame, part.0, share, |_| part.1).is_some()
    }

    /// How long a lot of paste keeps, in minutes, where lots are told apart by that.
    pub(crate) fn paste_life(&self, lot: u32) -> Option<u32> {
        const USUAL: u32 = 180 * 24 * 60;
        self.plans.iter().find_map(|plan| match plan {
            CausePlan::OldPaste { lot: other, life_minutes, .. } => {
                Some(if *other == lot { *life_minutes } else { USUAL })
            }
            _ => None,
        })
    }

    /// A board was printed with paste past its life: where it was harmed.
    pub(crate) fn print(&mut self, blame: &Blame<'_>, unit: u32, fitted: &[u16]) -> Option<u16> {
        let cause = self.find(|plan| matches!(plan, CausePlan::OldPaste { .. }))?;
        let CausePlan::OldPaste { share, .. } = self.plans[cause] else { return None };
        self.touch(cause, blame, unit, share, |random| any(random, fitted))
    }

    /// A unit holds a part of a bad lot, and failed by it if a position is given.
    pub(crate) fn bad_part(&mut self, lot: &str, at: i64, unit: u32, failed: Option<u16>) {
        if !self.keep {
            return;
        }
        let thing = format!("lot:{lot}");
        let known = self.effects.iter().position(|effect| effect.thing == thing && effect.word == BAD_LOT);
        let cause = known.unwrap_or_else(|| {
            self.effects.push(Effect { word: BAD_LOT, ..Effect::default() });
            self.effects.len() - 1
        });
        self.note(cause, &Blame { thing: &thing, station: None, at }, unit, failed);
    }
}

const BAD_LOT: &str = "bad lot";

/// What is to blame, where, and when.
pub(crate) struct Blame<'a> {
    pub(crate) thing: &'a str,
    pub(crate) station: Option<&'a str>,
    pub(crate) at: i64,
}

fn any(random: &mut Random, fitted: &[u16]) -> u16 {
    fitted[random.between(0, fitted.len() as i64) as usize]
}
