//! Made-up sessions in any number, for tests and benchmarks.

mod headquarters;

pub use headquarters::fill_headquarters;

use std::collections::{BTreeMap, BTreeSet};

use sync_core::id::{ActorId, AreaId, ChangeHash, DeviceId, RecordId, RecorderId, UnixMs};
use sync_core::record::{
    CivilDate, Claim, Code, Material, Meta, RecordView, Register, SessionFields, SessionView, Village,
};

use crate::db::{Db, DbError};
use crate::on_db;
use crate::project::{Projected, Projector, stored_area};

/// A small deterministic source of numbers (splitmix64): one seed, one sequence, on every platform.
#[derive(Debug, Clone)]
pub struct Draws(u64);

impl Draws {
    /// The sequence of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next number below `limit`, which must not be 0.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next_u64() % limit as u64).unwrap_or_default()
    }
}

/// How many villages a filled province has at least.
const VILLAGES: usize = 1_500;
/// Records written in one transaction.
const FLUSH: u64 = 10_000;

/// What [`fill`] left behind.
#[derive(Debug, Clone, Copy)]
pub struct Filled {
    /// Sessions on file.
    pub sessions: u64,
    /// Villages they were held in.
    pub villages: usize,
    /// The first day of the year over which they are spread.
    pub first_day: i64,
    /// The last day of it.
    pub last_day: i64,
}

/// Puts `sessions` made-up sessions of the year 2026 on file, through the [`Projector`], spread over every village of
/// the newest generation; villages are added until there are 1,500. One seed makes one database.
///
/// Only the read tables are filled: there are no batches behind these sessions.
///
/// # Errors
/// The database's.
pub async fn fill(db: &Db, sessions: u64, seed: u64) -> Result<Filled, DbError> {
    let villages = villages(db).await?;
    let (first_day, days) = (20_454_i64, 365_u64);
    let mut draws = Draws::new(seed);
    let mut made = 0;
    while made < sessions {
        let mut projector = Projector::default();
        for serial in made..sessions.min(made + FLUSH) {
            let (area, village) = &villages[draws.below(villages.len())];
            // In the order of days, as in life: only the last pages of the roll-up are written again and again.
            let day = first_day + i64::try_from(serial * days / sessions).unwrap_or_default();
            let view = session_view(&mut draws, (seed, serial), day, village, serial % 500);
            let at = UnixMs(crate::coverage::calendar::end_of_day_ms(day));
            let device = DeviceId((serial % 500).to_be_bytes());
            projector.add(&Projected {
                area: *area,
                view: &RecordView::Session(view),
                received_at: at,
                updated_at: at,
                updated_by: device,
            });
        }
        db.write(async |tx| projector.flush(tx).await).await?;
        made = sessions.min(made + FLUSH);
    }
    Ok(Filled { sessions, villages: villages.len(), first_day, last_day: first_day + 364 })
}

/// Every village of the newest generation; units and villages are added where there are too few.
async fn villages(db: &Db) -> Result<Vec<(AreaId, String)>, DbError> {
    const UNITS: &str = "select generation, code from unit where generation = (select max(generation) from unit)";
    const LISTED: &str = "select generation, code, village_id from village_unit \
        where generation = (select max(generation) from unit) order by village_id";
    const UNIT: &str = "insert into unit (generation, code, name, folded_name, kind) values (2025, $1, $2, $2, 'xã')";
    const VILLAGE: &str = "insert into village (id, name, folded_name, kind, sample, source) \
        values ($1, $2, $2, 'thôn', $3, 'made up for a test')";
    const LIES: &str = "insert into village_unit (village_id, generation, code, basis) values ($1, $2, $3, 'listed')";
    const VERSION: &str = "insert into reference_version (kind, version) values ('villages', 1) \
        on conflict (kind) do update set version = reference_version.version + 1";
    db.write(async |tx| {
        let mut units: Vec<(i64, i64)> = on_db!(tx, |c| sqlx::query_as(UNITS).fetch_all(c).await)?;
        if units.is_empty() {
            for code in 1..=54_i64 {
                let name = format!("Xã {code}");
                on_db!(tx, |c| sqlx::query(UNIT).bind(code).bind(&name).execute(c).await.map(drop))?;
                units.push((2025, code));
            }
        }
        let listed: Vec<(i64, i64, String)> = on_db!(tx, |c| sqlx::query_as(LISTED).fetch_all(c).await)?;
        let mut all = Vec::new();
        for (generation, code, village) in listed {
            all.push((stored_area(generation, code)?, village));
        }
        for number in all.len()..VILLAGES {
            let (generation, code) = units[number % units.len()];
            let (id, name) = (format!("made-up-{number}"), format!("thôn {number}"));
            on_db!(tx, |c| sqlx::query(VILLAGE).bind(&id).bind(&name).bind(true).execute(c).await.map(drop))?;
            on_db!(tx, |c| sqlx::query(LIES).bind(&id).bind(generation).bind(code).execute(c).await.map(drop))?;
            all.push((stored_area(generation, code)?, id));
        }
        on_db!(tx, |c| sqlx::query(VERSION).execute(c).await.map(drop))?;
        Ok(all)
    })
    .await
}

/// A session made without a document, by the person and device `by`: the same for the same draws.
fn session_view(draws: &mut Draws, (seed, serial): (u64, u64), day: i64, village: &str, by: u64) -> SessionView {
    // Ascending within a seed, so that filling does not write the whole index with each transaction.
    let mut id = [0; 16];
    id[..8].copy_from_slice(&((seed << 40) | serial).to_be_bytes());
    id[8..].copy_from_slice(&draws.next_u64().to_be_bytes());
    let recorder = RecorderId(u32::try_from(by).unwrap_or_default());
    let actor = ActorId::new(DeviceId(by.to_be_bytes()), [1; 8]);
    let claimed_at = UnixMs(day * 86_400_000);
    let attendances = u32::try_from(5 + draws.below(120)).unwrap_or_default();
    let leaflets = u32::try_from(draws.below(60)).unwrap_or_default();
    let claims = Claims { author: actor, claimed_at };
    let code = |text: &str| text.parse::<Code>().ok();
    SessionView {
        meta: Meta {
            id: RecordId(id),
            schema: 1,
            serial,
            recorder,
            created_by: actor,
            created_at: claimed_at,
            heads: vec![ChangeHash([id[15]; 32])],
            changes: 1,
            unknown: BTreeSet::new(),
        },
        fields: SessionFields {
            date: claims.register(i32::try_from(day).ok().and_then(CivilDate::from_day_number)),
            village: claims.register(Some(Village::Listed(village.to_owned()))),
            format: claims.register(code(["village_meeting", "house_visit", "market", "school"][draws.below(4)])),
            attendances: claims.register(Some(attendances)),
            women: claims.register(Some(attendances / 2)),
            minority: claims.register(Some(attendances / 3)),
            ..SessionFields::default()
        },
        topics: code("tricks").into_iter().chain(code("hotline")).collect(),
        languages: code("dao").into_iter().collect(),
        partners: code("women").into_iter().collect(),
        difficulties: BTreeSet::new(),
        hotlines: code("111").into_iter().collect(),
        team: BTreeMap::new(),
        material: code("leaflet")
            .into_iter()
            .map(|kind| (kind, Material { total: leaflets.into(), tallies: BTreeMap::new() }))
            .collect(),
        note: "Bà con quan tâm, hỏi nhiều về đường dây nóng và việc làm bên kia biên giới.".to_owned(),
    }
}

struct Claims {
    author: ActorId,
    claimed_at: UnixMs,
}

impl Claims {
    fn register<T>(&self, value: Option<T>) -> Register<T> {
        let claim =
            |value| Claim { value, author: self.author, change: ChangeHash([0; 32]), claimed_at: self.claimed_at };
        Register { shown: value.map(claim), others: Vec::new() }
    }
}
