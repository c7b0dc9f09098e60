//! The knobs, and where they stand when nobody turns them.

use jiff::Timestamp;
use serde::Deserialize;

use crate::cause::CausePlan;
use crate::product::ProductPlan;
use crate::station::{self, HANDLES};

/// Most lines of a factory.
const LINES_MAX: u32 = 16;

/// The knobs of the factory. Shares are probabilities per occasion; zero turns a behaviour off. The keys of a scenario file
/// are the names of the fields.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Same seed, same bytes.
    pub seed: u64,
    /// Lines, with a shared warehouse and shared packing.
    pub lines: u32,
    /// What is built, order after order.
    pub products: Vec<ProductPlan>,
    /// Part numbers for which another may be used as well.
    pub alternates: u32,
    /// Share of the reels of such a part number that are of the other.
    pub alternate_share: f64,
    /// How many panels of four to build; none: for ever.
    pub panels: Option<u32>,
    /// When the first message is sent.
    pub start: Timestamp,
    /// Panels of one work order; each is built bottom side first, then top side.
    pub panels_per_order: u32,
    /// Seconds between panels.
    pub pace_s: u32,
    /// How many panels a reel should last.
    pub panels_per_reel: u32,
    /// The largest reel.
    pub reel_quantity_max: u32,
    /// Share of boards that come with an x-out mark.
    pub x_outs: f64,
    /// Share of picks that are rejected and tried again.
    pub rejects: f64,
    /// Share of positions left empty after rejects, or soldered badly.
    pub defects: f64,
    /// Share of boards that the AOI calls wrongly.
    pub false_calls: f64,
    /// Share of boards that fail at test for no special reason.
    pub test_failures: f64,
    /// Lots of a capacitor that fails at test in one board of six.
    pub bad_lots: bool,
    /// What goes wrong on purpose; the truth says what came of it.
    pub causes: Vec<CausePlan>,
    /// Share of MaterialsInstalled reports of a whole machine pass that are lost.
    pub lost_reports: f64,
    /// Share of stage reports that are lost (one machine reports stage by stage).
    pub lost_stage_reports: f64,
    /// Share of WorkCompleted that are lost (the pass then ends at UnitsDeparted).
    pub lost_ends: f64,
    /// Share of messages delivered twice.
    pub duplicate: f64,
    /// Share of messages delivered minutes to hours late.
    pub late: f64,
    /// Seconds by which the network may hold any message back, so that they come shuffled.
    pub shuffle_s: u32,
    /// Machines without a network for a while, which deliver afterwards.
    pub offline: Vec<Offline>,
    /// Placement machines (1 to 4, on every line) that say what is set up and when they work, and nothing of what they place.
    pub silent_machines: Vec<u32>,
    /// Share of passes of the fourth placement machine with a nil or absent transaction.
    pub nil_transactions: f64,
    /// Share of oven passes that name the panel and not its boards.
    pub panel_only: f64,
    /// Largest difference of a machine's clock from true time, in milliseconds.
    pub clock_offset_ms_max: u32,
    /// Machines two and three report splice chains (joined packages; leading package and grey zone).
    pub chains: bool,
    /// Share of reel changes of machine four where nobody books the old reel off.
    pub forgotten_unloads: f64,
    /// Share of joined reels that are parted again.
    pub chain_splits: f64,
    /// Panels after which the printer gets more paste.
    pub panels_per_paste_jar: u32,
    /// New paste goes on top of the old.
    pub paste_mixed: bool,
    /// Share of prints reported with MaterialsApplied.
    pub paste_reported: f64,
    /// Share of hand-placed parts reported with the bin only.
    pub place_only: f64,
    /// Bare boards are loaded as packages at a silent loader, and flux lies at the bench.
    pub silent_materials: bool,
    /// Share of panels whose serials are known from the start.
    pub early_serials: f64,
    /// Share of machine passes with a stop.
    pub faults: f64,
    /// Length of a shift in minutes; zero: the first shift never ends.
    pub shift_minutes: u32,
    /// Minutes before and after the end of a shift in which both operators are there.
    pub handover_minutes: u32,
    /// Share of received lots with a label misread and corrected.
    pub lot_correction: f64,
    /// What good boards are built into: the first of boards, each further one of the one before.
    pub assemblies: Vec<AssemblyPlan>,
    /// Things of one box.
    pub pieces_per_box: u32,
    /// Boxes of one pallet.
    pub boxes_per_pallet: u32,
    /// Who gets the shipments, in turn.
    pub customers: Vec<String>,
    /// Share of shipments of which something comes back.
    pub returns: f64,
    /// Share of what comes back that is taken apart.
    pub taken_apart: f64,
    /// Planning says the bills of materials and what work orders build: then a part listed there counts as needed everywhere.
    pub product_listed: bool,
    /// Keep the records that the truth needs. Turn off for an endless factory.
    #[serde(skip)]
    pub truth: bool,
}

/// A machine without a network.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offline {
    /// Its CFX handle.
    pub handle: String,
    /// From when on, in minutes after the start.
    pub from_minute: u32,
    /// For how long.
    pub minutes: u32,
}

/// One level of assembly.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssemblyPlan {
    /// What its serials begin with.
    pub prefix: String,
    /// Share of what comes from the level below that is built in; the rest is packed.
    pub share: f64,
    /// How many are built into one.
    pub children: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 1,
            lines: 1,
            products: vec![ProductPlan::default()],
            alternates: 0,
            alternate_share: 0.5,
            panels: Some(300),
            start: Timestamp::constant(1_793_595_600, 0),
            panels_per_order: 25,
            pace_s: 40,
            panels_per_reel: 40,
            reel_quantity_max: 5_000,
            x_outs: 0.01,
            rejects: 0.000_5,
            defects: 0.000_04,
            false_calls: 0.05,
            test_failures: 0.02,
            bad_lots: true,
            causes: Vec::new(),
            lost_reports: 0.008,
            lost_stage_reports: 0.015,
            lost_ends: 0.01,
            duplicate: 0.004,
            late: 0.003,
            shuffle_s: 0,
            offline: Vec::new(),
            silent_machines: Vec::new(),
            nil_transactions: 0.15,
            panel_only: 0.3,
            clock_offset_ms_max: 300,
            chains: true,
            forgotten_unloads: 0.08,
            chain_splits: 0.3,
            panels_per_paste_jar: 15,
            paste_mixed: true,
            paste_reported: 0.4,
            place_only: 0.2,
            silent_materials: true,
            early_serials: 0.5,
            faults: 0.02,
            shift_minutes: 240,
            handover_minutes: 5,
            lot_correction: 0.02,
            assemblies: vec![AssemblyPlan { prefix: "TSX".to_owned(), share: 0.25, children: 1 }],
            pieces_per_box: 10,
            boxes_per_pallet: 4,
            customers: ["ACME", "Globex", "Initech", "Umbrella Labs"].map(str::to_owned).to_vec(),
            returns: 0.3,
            taken_apart: 0.0,
            product_listed: false,
            truth: true,
        }
    }
}

impl Config {
    /// The first key whose value makes no sense, and why.
    pub(crate) fn wrong(&self) -> Option<(&'static str, String)> {
        let shares = [
            ("x_outs", self.x_outs),
            ("rejects", self.rejects),
            ("defects", self.defects),
            ("false_calls", self.false_calls),
            ("test_failures", self.test_failures),
            ("lost_reports", self.lost_reports),
            ("lost_stage_reports", self.lost_stage_reports),
            ("lost_ends", self.lost_ends),
            ("duplicate", self.duplicate),
            ("late", self.late),
            ("nil_transactions", self.nil_transactions),
            ("panel_only", self.panel_only),
            ("forgotten_unloads", self.forgotten_unloads),
            ("chain_splits", self.chain_splits),
            ("paste_reported", self.paste_reported),
            ("place_only", self.place_only),
            ("early_serials", self.early_serials),
            ("faults", self.faults),
            ("lot_correction", self.lot_correction),
            ("returns", self.returns),
            ("taken_apart", self.taken_apart),
            ("alternate_share", self.alternate_share),
        ];
        let share = shares.into_iter().find(|(_, share)| !(0.0..=1.0).contains(share));
        let counts = [
            ("panels", self.panels.unwrap_or(1)),
            ("panels_per_order", self.panels_per_order),
            ("panels_per_reel", self.panels_per_reel),
            ("reel_quantity_max", self.reel_quantity_max),
            ("panels_per_paste_jar", self.panels_per_paste_jar),
            ("pieces_per_box", self.pieces_per_box),
            ("boxes_per_pallet", self.boxes_per_pallet),
        ];
        if !(1..=LINES_MAX).contains(&self.lines) {
            return Some(("lines", format!("lies between 1 and {LINES_MAX}")));
        }
        if self.products.is_empty() {
            return Some(("products", "must name at least one".to_owned()));
        }
        for line in 1..=self.lines {
            if !self.products.iter().any(|plan| plan.is_built_on(line)) {
                return Some(("lines", format!("is {}, and line {line} builds no product", self.lines)));
            }
        }
        for plan in &self.products {
            if !(plan.fitted > 0.1 && plan.fitted <= 1.0) {
                return Some(("fitted", format!("of `{}` is a share above 0.1, up to 1", plan.name)));
            }
            if self.products.iter().filter(|other| other.name == plan.name || other.code == plan.code).count() > 1 {
                return Some(("name", format!("and `code` of `{}` are there twice", plan.name)));
            }
        }
        if self.silent_machines.iter().any(|machine| !(1..=4).contains(machine)) {
            return Some(("silent_machines", "are numbers from 1 to 4".to_owned()));
        }
        let is_station = |name: &str| {
            (0..self.lines as u8).any(|line| (0..HANDLES.len() as u8).any(|role| station::handle(line, role) == name))
        };
        if let Some(offline) = self.offline.iter().find(|offline| !is_station(&offline.handle)) {
            return Some(("handle", format!("`{}` is no station of this factory", offline.handle)));
        }
        for (number, cause) in (1..).zip(&self.causes) {
            if let Some((key, reason)) = cause.wrong(self.lines) {
                return Some((key, format!("of cause {number} {reason}")));
            }
        }
        if self.customers.is_empty() {
            return Some(("customers", "must name at least one".to_owned()));
        }
        for plan in &self.assemblies {
            if !(0.0..=1.0).contains(&plan.share) {
                return Some(("share", format!("of assembly `{}` is not between 0 and 1", plan.prefix)));
            }
            if plan.children == 0 {
                return Some(("children", format!("of assembly `{}` must be at least 1", plan.prefix)));
            }
            if self.assemblies.iter().filter(|other| other.prefix == plan.prefix).count() > 1 {
                return Some(("prefix", format!("`{}` is there twice", plan.prefix)));
            }
        }
        let count = counts.into_iter().find(|(_, count)| *count == 0);
        share
            .map(|(key, share)| (key, format!("is a share between 0 and 1, and `{share}` is not")))
            .or_else(|| count.map(|(key, _)| (key, "must be at least 1".to_owned())))
    }

    /// A factory where nothing goes wrong: every answer is certain.
    pub fn quiet() -> Self {
        Self {
            x_outs: 0.0,
            rejects: 0.0,
            defects: 0.0,
            false_calls: 0.0,
            test_failures: 0.0,
            bad_lots: false,
            lost_reports: 0.0,
            lost_stage_reports: 0.0,
            lost_ends: 0.0,
            duplicate: 0.0,
            late: 0.0,
            nil_transactions: 0.0,
            panel_only: 0.0,
            clock_offset_ms_max: 0,
            chains: false,
            forgotten_unloads: 0.0,
            chain_splits: 0.0,
            paste_mixed: false,
            paste_reported: 1.0,
            place_only: 0.0,
            silent_materials: false,
            faults: 0.0,
            shift_minutes: 0,
            handover_minutes: 0,
            lot_correction: 0.0,
            ..Self::default()
        }
    }
}
