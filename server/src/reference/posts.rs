//! `/v1/posts`: border guard posts, stations and teams, and the units each works in (many-to-many).

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync_core::fold::fold;
use sync_core::id::{AreaId, Role};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::catalogue::Catalogue;
use super::items::{Item, Post};
use super::kind::Kind;
use super::store;
use crate::account::post::people;
use crate::app::AppState;
use crate::audit::{self, Actor};
use crate::auth::{Principal, SignedJson, check_again};
use crate::db::Tx;
use crate::problem::{FIELD, Json, Problem};
use crate::write_tx;

/// Most units one post works in.
const MOST_AREAS: usize = 64;
const MOST_NAME: usize = 120;
const MOST_ID: usize = 40;

/// The routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list, put))
}

/// What a post is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PostKind {
    /// A post (đồn).
    Post,
    /// A station (trạm).
    Station,
    /// A team (đội).
    Team,
}

impl PostKind {
    fn name(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Station => "station",
            Self::Team => "team",
        }
    }
}

/// A unit a post works in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
struct PostArea {
    /// Generation and code.
    #[schema(value_type = String)]
    area: AreaId,
    /// Its name.
    name: String,
}

/// A post, station or team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
struct PostView {
    /// Its id, which never changes.
    id: String,
    /// Its name.
    name: String,
    /// `post`, `station` or `team`.
    kind: String,
    /// The post it belongs to.
    part_of: Option<String>,
    /// The units it works in.
    areas: Vec<PostArea>,
    /// Sample data.
    sample: bool,
    /// How many active accounts work there now.
    people: u32,
}

/// Posts by their place in the list.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Posts {
    /// The posts.
    posts: Vec<PostView>,
}

fn view(catalogue: &Catalogue, post: &Item<Post>, people: &BTreeMap<String, u32>) -> PostView {
    let areas = post.body.areas.iter().map(|area| PostArea { area: *area, name: catalogue.area_name(*area) });
    PostView {
        id: post.id.clone(),
        name: post.body.name.clone(),
        kind: post.body.kind.clone(),
        part_of: post.body.part_of.clone(),
        areas: areas.collect(),
        sample: post.body.sample,
        people: people.get(&post.id).copied().unwrap_or_default(),
    }
}

/// Posts, stations and teams: for officers those that work in their areas, for coordinators and administrators all.
#[utoipa::path(get, path = "/v1/posts", tag = "reference",
    responses((status = 200, description = "The posts", body = Posts)))]
async fn list(State(app): State<AppState>, principal: Principal) -> Result<Json<Posts>, Problem> {
    principal.expect_headquarters()?;
    let catalogue = app.reference.current().await?;
    let mut tx = app.db.snapshot().await?;
    let people = people(&mut tx).await?;
    let posts = catalogue.items().posts.iter();
    let seen = posts.filter(|post| {
        principal.areas.areas().is_none_or(|scope| post.body.areas.iter().any(|area| scope.contains(area)))
    });
    Ok(Json(Posts { posts: seen.map(|post| view(&catalogue, post, &people)).collect() }))
}

/// A post to make or to change.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutPost {
    /// Of the post to change, or of a new one; without it a new one gets an id made of its name.
    #[schema(pattern = r"^[a-z0-9_.-]{1,40}$")]
    id: Option<String>,
    /// 1 to 120 characters.
    #[schema(min_length = 1, max_length = 120)]
    name: String,
    /// `post`, `station` or `team`.
    kind: PostKind,
    /// The post it belongs to, for a station or team.
    #[schema(pattern = r"^[a-z0-9_.-]{1,40}$")]
    part_of: Option<String>,
    /// Exactly these units, as `2025-06841`.
    #[schema(value_type = Vec<crate::openapi::Area>, max_items = 64)]
    areas: Vec<AreaId>,
}

/// Makes a post or changes one: its name, kind, the post it belongs to, its units. What was recorded stays. For
/// administrators.
#[utoipa::path(post, path = "/v1/posts", tag = "reference", request_body = PutPost,
    responses((status = 200, description = "The post, changed", body = PostView),
        (status = 201, description = "The post, new", body = PostView)))]
async fn put(
    State(app): State<AppState>,
    SignedJson { principal, value }: SignedJson<PutPost>,
) -> Result<(StatusCode, Json<PostView>), Problem> {
    principal.expect_role(&[Role::Administrator], "administrator")?;
    let (id, is_new) = write_tx!(app.db, |tx| put_in(tx, &app, &principal, &value))?;
    let catalogue = app.reference.current().await?;
    let mut tx = app.db.snapshot().await?;
    let people = people(&mut tx).await?;
    let post = catalogue.items().posts.iter().find(|post| post.id == id);
    let post = post.ok_or_else(|| refuse("id", "the id of a post"))?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(view(&catalogue, post, &people))))
}

/// Writes the post; its id, and whether it is new.
async fn put_in(
    tx: &mut Tx,
    app: &AppState,
    principal: &Principal,
    wanted: &PutPost,
) -> Result<(String, bool), Problem> {
    let now = app.now();
    check_again(tx, principal, now).await?;
    let catalogue = store::load(tx).await?;
    let posts = &catalogue.items().posts;
    let id = match &wanted.id {
        Some(id) => id.clone(),
        None => new_id(posts, &wanted.name),
    };
    let body = check(&catalogue, &id, wanted)?;
    let place = posts.iter().position(|post| post.id == id);
    let before = place.and_then(|place| posts.get(place)).map(|post| &post.body);
    if before == Some(&body) {
        return Ok((id, false));
    }
    let text = serde_json::to_string(&body).map_err(Problem::internal)?;
    store::put_item(tx, Kind::Posts, &id, place.unwrap_or(posts.len()), &text).await?;
    store::raise_version(tx, Kind::Posts.name()).await?;
    let action = if before.is_none() { "post.created" } else { "post.changed" };
    let detail = serde_json::json!({ "from": before, "to": body });
    audit::record(tx, now, Actor::from(principal), action, &id, &detail).await?;
    Ok((id, before.is_none()))
}

fn refuse(field: &str, accepted: &str) -> Problem {
    FIELD.problem().field(field).accepted(accepted)
}

/// The post as it is to be kept: what a person entered is no sample.
fn check(catalogue: &Catalogue, id: &str, wanted: &PutPost) -> Result<Post, Problem> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.');
    if id.is_empty() || id.len() > MOST_ID || !id.chars().all(fits) {
        return Err(refuse("id", "1 to 40 characters of a-z, 0-9, _, -, ."));
    }
    let name = wanted.name.trim();
    if name.is_empty() || name.chars().count() > MOST_NAME || name.chars().any(char::is_control) {
        return Err(refuse("name", "1 to 120 characters, in one line"));
    }
    if wanted.part_of.as_deref().is_some_and(|whole| !is_whole(catalogue, whole, id)) {
        return Err(refuse("part_of", "the id of another post that does not belong to this one"));
    }
    let areas: BTreeSet<AreaId> = wanted.areas.iter().copied().collect();
    if areas.len() > MOST_AREAS {
        return Err(refuse("areas", "at most 64"));
    }
    if areas.iter().any(|area| catalogue.unit(*area).is_none()) {
        return Err(refuse("areas", "units of the reference data, for instance 2025-06841"));
    }
    Ok(Post {
        name: name.to_owned(),
        kind: wanted.kind.name().to_owned(),
        part_of: wanted.part_of.clone(),
        areas: areas.into_iter().collect(),
        sample: false,
    })
}

/// Whether `whole` is a post that does not belong, over any number of steps, to `id`.
fn is_whole(catalogue: &Catalogue, whole: &str, id: &str) -> bool {
    let posts = &catalogue.items().posts;
    let find = |id: &str| posts.iter().find(|post| post.id == id);
    let mut at = find(whole);
    if at.is_none() {
        return false;
    }
    for _ in 0..=posts.len() {
        match at {
            Some(post) if post.id == id => return false,
            Some(post) => at = post.body.part_of.as_deref().and_then(find),
            None => return true,
        }
    }
    false
}

/// An id made of the name, which no post has.
fn new_id(posts: &[Item<Post>], name: &str) -> String {
    let plain = fold(name).replace(' ', "-");
    let plain: String = plain.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(MOST_ID - 6).collect();
    let plain = plain.trim_matches('-');
    let plain = if plain.is_empty() { "post" } else { plain };
    let is_taken = |id: &str| posts.iter().any(|post| post.id == id);
    let numbered = (2..).map(|number: u32| format!("{plain}-{number}"));
    std::iter::once(plain.to_owned()).chain(numbered).find(|id| !is_taken(id)).unwrap_or_default()
}
