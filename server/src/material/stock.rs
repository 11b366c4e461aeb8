//! What should be left at each post: what was issued to it, less what its people handed out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use utoipa::ToSchema;

use super::people::{self, Stay};
use crate::auth::Scope;
use crate::coverage::calendar::{day_text, parse_day};
use crate::db::{DbError, Tx};
use crate::on_db;
use crate::project::{Facet, scan};
use crate::reference::{Catalogue, Item, Post};

/// Nothing of this work was recorded before.
const FIRST_DAY: &str = "2000-01-01";

/// One kind of material at one post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct KindStock {
    /// The kind, for instance `leaflet`.
    pub kind: String,
    /// Issued to the post.
    pub issued: i64,
    /// Handed out by its people.
    pub handed_out: i64,
    /// What should be left; below zero when more was handed out than was entered as issued.
    pub left: i64,
}

/// One post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PostStock {
    /// The post.
    pub post: String,
    /// Its name.
    pub name: String,
    /// Sample data.
    pub sample: bool,
    /// By kind, those with nothing left out.
    pub kinds: Vec<KindStock>,
}

/// Material of one kind that no post accounts for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Unassigned {
    /// The kind.
    pub kind: String,
    /// Handed out by people who were at no post at the time.
    pub handed_out: i64,
}

/// The stock of the posts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Stock {
    /// The day up to which it counts, included.
    pub to: String,
    /// The posts that work in the caller's areas.
    pub posts: Vec<PostStock>,
    /// Handed out by people of the caller's areas who were at no post.
    pub unassigned: Vec<Unassigned>,
}

/// The posts that work in any area of a scope; all of them for those who have every area.
pub(super) fn posts_of<'a>(catalogue: &'a Catalogue, scope: &Scope) -> Vec<&'a Item<Post>> {
    let works =
        |post: &&Item<Post>| scope.areas().is_none() || post.body.areas.iter().any(|area| scope.contains(*area));
    catalogue.items().posts.iter().filter(works).collect()
}

/// Stock at the end of the day `to`. What a person handed out counts with the post of that day, in whatever area it was.
///
/// # Errors
/// The database's.
pub async fn stock(tx: &mut Tx, catalogue: &Catalogue, scope: &Scope, to: i64) -> Result<Stock, DbError> {
    let mut issued = issued(tx, to).await?;
    let mut handed_out = handed_out(tx, scope, to).await?;
    let mut posts = Vec::new();
    for post in posts_of(catalogue, scope) {
        let of_issues = issued.remove(&post.id).unwrap_or_default();
        let of_sessions = handed_out.remove(&Some(post.id.clone())).unwrap_or_default();
        let kinds: BTreeSet<&String> = of_issues.keys().chain(of_sessions.keys()).collect();
        let kinds = kinds.into_iter().map(|kind| {
            let (issued, handed_out) =
                (of_issues.get(kind).copied().unwrap_or(0), of_sessions.get(kind).copied().unwrap_or(0));
            KindStock { kind: kind.clone(), issued, handed_out, left: issued - handed_out }
        });
        let kinds = kinds.collect();
        posts.push(PostStock { post: post.id.clone(), name: post.body.name.clone(), sample: post.body.sample, kinds });
    }
    let unassigned = handed_out.remove(&None).unwrap_or_default().into_iter();
    let unassigned = unassigned.map(|(kind, handed_out)| Unassigned { kind, handed_out }).collect();
    Ok(Stock { to: day_text(to), posts, unassigned })
}

type ByKind = BTreeMap<String, i64>;

async fn issued(tx: &mut Tx, to: i64) -> Result<BTreeMap<String, ByKind>, DbError> {
    const ISSUED: &str = "select post_id, kind, cast(sum(quantity) as bigint) from material_issue \
        where void_reason is null and issued_day <= $1 group by post_id, kind";
    let rows: Vec<(String, String, i64)> = on_db!(tx, |c| sqlx::query_as(ISSUED).bind(to).fetch_all(c).await)?;
    let mut found: BTreeMap<String, ByKind> = BTreeMap::new();
    for (post, kind, quantity) in rows {
        found.entry(post).or_default().insert(kind, quantity);
    }
    Ok(found)
}

/// What was handed out up to a day, by post; under `None` by people in scope who were at none.
async fn handed_out(tx: &mut Tx, scope: &Scope, to: i64) -> Result<BTreeMap<Option<String>, ByKind>, DbError> {
    let mut stays: BTreeMap<String, Vec<Stay>> = BTreeMap::new();
    for stay in people::stays(tx).await? {
        stays.entry(stay.recorder.0.to_string()).or_default().push(stay);
    }
    // Who is at no post is told of by areas: of somebody else's people an officer learns nothing.
    let of_scope = match scope.areas() {
        None => None,
        Some(areas) => Some(people::working_in(tx, areas).await?),
    };
    let mut found: BTreeMap<Option<String>, ByKind> = BTreeMap::new();
    scan(tx, parse_day(FIRST_DAY).unwrap_or_default()..=to, "", |of| {
        // By the place of the recorder's word.
        let mut people: BTreeMap<usize, (&[Stay], bool)> = BTreeMap::new();
        for (place, facet, recorder) in of.pack.values() {
            if facet == Facet::Recorder {
                let stays = stays.get(recorder).map_or(&[][..], Vec::as_slice);
                people.insert(place, (stays, of_scope.as_ref().is_none_or(|people| people.contains(recorder))));
            }
        }
        for fact in of.facts() {
            let (day, fact) = fact?;
            let mut material = fact.material().peekable();
            if material.peek().is_none() {
                continue;
            }
            let mut recorder = None;
            for place in fact.values() {
                recorder = recorder.or(people.get(&place?));
            }
            let Some((stays, in_scope)) = recorder else { continue };
            let post = stays.iter().find(|stay| stay.days.contains(&day)).map(|stay| stay.post.clone());
            if post.is_none() && !in_scope {
                continue;
            }
            let kinds = found.entry(post).or_default();
            for kind in material {
                let (kind, quantity) = kind?;
                let kind = of.pack.word(kind)?;
                match kinds.get_mut(kind) {
                    Some(sum) => *sum += quantity,
                    None => drop(kinds.insert(kind.to_owned(), quantity)),
                }
            }
        }
        Ok(())
    })
    .await?;
    Ok(found)
}
