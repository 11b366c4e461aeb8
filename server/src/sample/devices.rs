//! The people's devices, and the dice.

use std::path::PathBuf;
use std::sync::Arc;

use sync_core::id::{AreaId, UnixMs};

use super::people::{PEOPLE, Person};
use super::{Place, SampleError, StoryClock};
use crate::account::{self, NewAccount};
use crate::app::AppState;
use crate::audit::Actor;
use crate::clock::Clock;
use crate::field::{Durability, Enrolment, Field, OpenOptions};

/// SplitMix64: the same seed, the same story.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `least` up to and with `most`.
    pub(super) fn number(&mut self, least: u32, most: u32) -> u32 {
        let span = u64::from(most - least) + 1;
        least + u32::try_from(self.next() % span).unwrap_or(0)
    }

    /// True `percent` times of a hundred.
    pub(super) fn percent(&mut self, percent: u32) -> bool {
        self.number(1, 100) <= percent
    }

    /// One of several; `None` of none.
    pub(super) fn one<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let last = u32::try_from(items.len().checked_sub(1)?).ok()?;
        items.get(self.number(0, last) as usize)
    }
}

/// A person with an enrolled device.
pub(super) struct Carrier {
    pub(super) person: &'static Person,
    pub(super) field: Field,
    /// The villages in this person's areas, with the area each belongs to.
    pub(super) villages: Vec<(AreaId, String)>,
}

impl Carrier {
    /// Makes the account, enrols a device with a code, and looks up the villages.
    pub(super) async fn enrol(
        app: &AppState,
        clock: &Arc<StoryClock>,
        place: &Place<'_>,
        person: &'static Person,
    ) -> Result<Self, SampleError> {
        let field = enrol(app, clock, place, person).await?;
        let catalogue = field.reference();
        let mut villages = Vec::new();
        for area in person.area_ids() {
            villages.extend(catalogue.villages_of(area).map(|village| (area, village.id.clone())));
        }
        if villages.is_empty() {
            return Err(SampleError::Lacks("villages of a sample guard"));
        }
        Ok(Self { person, field, villages })
    }

    /// Syncs; the story goes on when the server keeps something back.
    pub(super) async fn sync(&mut self) -> Result<(), SampleError> {
        self.field.sync(&mut |_, _| {}).await.map(drop).map_err(SampleError::from)
    }
}

/// Makes a person's account and enrols a device with a code. The first of each role keeps it for the demonstration.
pub(super) async fn enrol(
    app: &AppState,
    clock: &Arc<StoryClock>,
    place: &Place<'_>,
    person: &Person,
) -> Result<Field, SampleError> {
    let is_shown = PEOPLE.iter().find(|other| other.role == person.role).is_some_and(|first| first == person);
    let directory = match is_shown {
        true => demo_store(place, person.username),
        false => place.demo.join(".making").join(person.username),
    };
    let code = code(app, person).await?;
    let with = Enrolment { server: place.address, code: &code, label: "thiết bị mẫu" };
    let options = OpenOptions {
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        durability: Durability::Process,
        ..OpenOptions::default()
    };
    Ok(Field::enrol(&directory, with, options).await?)
}

async fn account(app: &AppState, person: &Person) -> Result<i64, SampleError> {
    let hash = app.auth.hasher.hash(person.password.to_owned().into()).await;
    let new = NewAccount {
        username: person.username.to_owned(),
        display_name: person.name.to_owned(),
        role: person.role,
        areas: person.area_ids(),
        password_hash: hash.map_err(|_| SampleError::Lacks("a password hash"))?,
        post: person.post.map(str::to_owned),
    };
    let now = app.now();
    let made = app.db.write(async |tx| account::create(tx, Actor::CommandLine, &new, now).await).await?;
    Ok(made.id)
}

async fn code(app: &AppState, person: &Person) -> Result<String, SampleError> {
    let id = account(app, person).await?;
    let now = app.now();
    let until = UnixMs(now.0 + 3_600_000);
    let code = app.db.write(async |tx| account::issue_code(tx, Actor::CommandLine, id, until, now).await).await?;
    Ok(code.shown())
}

/// Where a person's demo store lies.
pub(super) fn demo_store(place: &Place<'_>, username: &str) -> PathBuf {
    place.demo.join(username)
}
