//! A thing that is not a unit: what it is, where it was mounted, where it went.

use app::answer::{MountedAt, ThingAbout};
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};

use super::piece::{Count, Maybe, Prose, Thing, Things, When, in_words};
use super::shell::{Shell, sent};
use super::used::{Used, UsedParams};
use crate::api::as_of;
use crate::link;
use crate::problem::Problem;
use crate::state::Desk;

/// Mounts shown, the newest first.
const MOUNTS_SHOWN: usize = 200;
/// Related things of one kind shown.
const RELATED_SHOWN: usize = 60;

#[derive(Template)]
#[template(path = "thing.html")]
struct ThingPage {
    shell: Shell,
    kind: String,
    id: String,
    path: String,
    figures: Vec<Figure>,
    words: Vec<(String, Maybe)>,
    mounts: Vec<Mount>,
    more_mounts: usize,
    related: Vec<(String, Things, usize)>,
    used: Option<Used>,
    no_answer: Option<Prose>,
    params: UsedParams,
}

/// A fact that stands in large figures: quantities, the balance.
struct Figure {
    name: String,
    value: String,
    /// What a balance cannot explain.
    warn: bool,
}

struct Mount {
    station: Thing,
    place: Maybe,
    thing: Option<Thing>,
    from: When,
    until: When,
    over: bool,
    doubtful: Option<When>,
}

/// `GET /thing?name=`
pub(super) async fn by_query(state: State<Desk>, Query(params): Query<UsedParams>) -> Result<Response, Problem> {
    let name = params.q.clone();
    match name.split_once(':') {
        Some((kind, id)) => thing(state, Path((kind.to_owned(), id.to_owned())), Query(params)).await,
        None => Ok(Redirect::to(&format!("/scan?q={}", link::query(&name))).into_response()),
    }
}

/// `GET /thing/{kind}/{id}`
pub(super) async fn thing(
    State(desk): State<Desk>,
    Path((kind, id)): Path<(String, String)>,
    Query(params): Query<UsedParams>,
) -> Result<Response, Problem> {
    if kind == "unit" {
        return Ok(Redirect::permanent(&link::unit_path(&id)).into_response());
    }
    let name = format!("{kind}:{id}");
    let when = as_of(params.as_of.as_deref())?;
    let (query, cut) = params.question(&name)?;
    let asked = name.clone();
    let (about, used) = desk
        .ask(move |house| Ok::<_, app::QuestionError>((house.about(&asked, when)?, house.where_used(&query))))
        .await?;
    let path = link::thing_path(&name);
    let (used, no_answer) = match used {
        Ok(answer) => (Some(Used::of(answer, cut, &params, &path)), None),
        // A station or a document is a thing of which it cannot be asked.
        Err(refused) => (None, Some(Prose(Problem::from(refused).detail.into()))),
    };
    let shell = Shell::new(&desk, "", name);
    sent(&ThingPage::of(shell, &about, path, used, no_answer, params)).map(IntoResponse::into_response)
}

impl ThingPage {
    fn of(
        shell: Shell,
        about: &ThingAbout,
        path: String,
        used: Option<Used>,
        no_answer: Option<Prose>,
        params: UsedParams,
    ) -> ThingPage {
        let (kind, id) = about.thing.split_once(':').unwrap_or(("thing", &about.thing));
        ThingPage {
            kind: kind.to_owned(),
            id: id.to_owned(),
            figures: about.facts.iter().filter_map(|(name, value)| Figure::of(name, value)).collect(),
            words: about
                .facts
                .iter()
                .filter(|(name, value)| Figure::of(name, value).is_none())
                .map(|(name, value)| (in_words(name), Maybe(Some(value.clone()))))
                .collect(),
            mounts: about.mounts.iter().rev().take(MOUNTS_SHOWN).map(|mount| Mount::of(mount, &about.thing)).collect(),
            more_mounts: about.mounts.len().saturating_sub(MOUNTS_SHOWN),
            related: related(about),
            path,
            used,
            no_answer,
            params,
            shell,
        }
    }

    fn from(&self) -> &str {
        self.params.from.as_deref().unwrap_or_default()
    }

    fn until(&self) -> &str {
        self.params.until.as_deref().unwrap_or_default()
    }

    fn asked_as_of(&self) -> &str {
        self.params.as_of.as_deref().unwrap_or_default()
    }
}

impl Figure {
    fn of(name: &str, value: &str) -> Option<Figure> {
        let number: i64 = value.parse().ok()?;
        let sign = if number < 0 { "−" } else { "" };
        let name = in_words(name);
        let warn = name.contains("unexplained") && number != 0;
        Some(Figure { name, value: format!("{sign}{}", Count(number.unsigned_abs())), warn })
    }
}

/// Related things by relation, in the order in which the relations come.
fn related(about: &ThingAbout) -> Vec<(String, Things, usize)> {
    let mut groups: Vec<(String, Vec<Thing>)> = Vec::new();
    for (relation, thing) in &about.related {
        let thing = Thing::new(thing.clone());
        match groups.iter_mut().find(|(name, _)| name == relation) {
            Some((_, things)) => things.push(thing),
            None => groups.push((relation.clone(), vec![thing])),
        }
    }
    let cut = |(relation, mut things): (String, Vec<Thing>)| {
        let more = things.len().saturating_sub(RELATED_SHOWN);
        things.truncate(RELATED_SHOWN);
        (in_words(&relation), Things(things), more)
    };
    groups.into_iter().map(cut).collect()
}

impl Mount {
    fn of(mount: &MountedAt, about: &str) -> Mount {
        Mount {
            station: Thing::plain("station", &mount.station),
            place: Maybe(mount.place.clone()),
            thing: (mount.thing != about).then(|| Thing::new(mount.thing.clone())),
            from: When::at(&mount.from),
            until: When::maybe(mount.until.as_deref()),
            over: mount.until.is_some(),
            doubtful: mount.uncertain_from.as_deref().map(When::at),
        }
    }
}
