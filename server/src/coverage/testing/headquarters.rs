//! A province as headquarters meets it after years: people with posts, sessions in every state of review, disagreements,
//! panels, what was entered by hand, and the logs behind it all.

use sync_core::id::{AreaId, ChangeHash, DeviceId, RecordId, RecorderId, UnixMs};
use sync_core::record::{
    CivilDate, Claim, Code, Decision, Line, Meta, MinuteOfDay, PanelCheckFields, PanelCheckView, RecordView, Register,
    ReviewView, SessionView,
};

use super::{Claims, Draws, FLUSH, Filled, session_view, villages};
use crate::coverage::calendar::end_of_day_ms;
use crate::db::{Blob, Db, DbError, Dialect, Tx};
use crate::on_db;
use crate::project::{Projected, Projector};
use crate::reference::Catalogues;

/// People who record, each with a device of the same number.
const PEOPLE: u64 = 500;
/// The officer who reviewed everything.
const OFFICER: u32 = 501;
/// Checks of each panel over the year.
const CHECKS: u64 = 12;
const FIRST_DAY: i64 = 20_454;
const DAYS: u64 = 365;

/// As [`super::fill`], and everything else that headquarters reads: most sessions confirmed, some in each other state,
/// one in 500 with a disagreement, one in 400 void, one in 300 by somebody else than the village's own recorder, so that
/// some look like another; accounts, devices, certificates and posts; panel checks; rows entered by hand; the audit;
/// batches and changes without content, some of them kept in quarantine.
///
/// # Errors
/// The database's.
pub async fn fill_headquarters(db: &Db, sessions: u64, seed: u64) -> Result<Filled, DbError> {
    let villages = villages(db).await?;
    people(db, &villages).await?;
    let mut draws = Draws::new(seed);
    let mut made = 0;
    while made < sessions {
        let mut projector = Projector::default();
        for serial in made..sessions.min(made + FLUSH) {
            let at = draws.below(villages.len());
            let (area, village) = &villages[at];
            let day = FIRST_DAY + i64::try_from(serial * DAYS / sessions).unwrap_or_default();
            let another = u64::from(draws.below(300) == 0);
            let by = 1 + (at as u64 + another) % PEOPLE;
            let mut view = session_view(&mut draws, (seed, serial), day, village, by);
            vary(&mut draws, &mut view);
            let reviews = reviews(&mut draws, &view, serial);
            add(&mut projector, *area, day, &RecordView::Session(view));
            for review in reviews {
                add(&mut projector, *area, day, &RecordView::Review(review));
            }
        }
        db.write(async |tx| projector.flush(tx).await).await?;
        made = sessions.min(made + FLUSH);
    }
    panel_checks(db, &mut draws, seed).await?;
    let catalogue = Catalogues::new(db.clone()).current().await?;
    let posts = one_of(catalogue.items().posts.iter().map(|post| post.id.as_str()));
    let clubs = one_of(catalogue.items().clubs.iter().map(|club| club.id.as_str()));
    db.write(async |tx| entered(tx, &posts, &clubs).await).await?;
    db.write(async |tx| logs(tx, sessions).await).await?;
    Ok(Filled { sessions, villages: villages.len(), first_day: FIRST_DAY, last_day: FIRST_DAY + 364 })
}

fn add(projector: &mut Projector, area: AreaId, day: i64, view: &RecordView) {
    let at = UnixMs(end_of_day_ms(day));
    let updated_by = view.meta().created_by.device();
    projector.add(&Projected { area, view, received_at: at, updated_at: at, updated_by });
}

/// Times, disagreements and reasons for being void.
fn vary(draws: &mut Draws, view: &mut SessionView) {
    let claims = Claims { author: view.meta.created_by, claimed_at: view.meta.created_at };
    let minute = u16::try_from(420 + draws.below(720)).unwrap_or_default();
    view.fields.start = claims.register(Some(MinuteOfDay(minute)));
    if draws.below(500) == 0
        && let Some(shown) = &view.fields.attendances.shown
    {
        let other = Claim { value: shown.value + 1, ..shown.clone() };
        view.fields.attendances.others.push(other);
    }
    if draws.below(400) == 0 {
        view.fields.void = claims.register("ghi nhầm".parse::<Line>().ok());
    }
    if draws.below(4) == 0 {
        view.difficulties = "shame".parse::<Code>().ok().into_iter().collect();
    }
}

/// None for a session that waits, two for one about which officers differ, one for the rest.
fn reviews(draws: &mut Draws, session: &SessionView, serial: u64) -> Vec<ReviewView> {
    let read = session.meta.heads.clone();
    match draws.below(2_000) {
        0..=7 => Vec::new(),
        8..=9 => vec![review(session, serial, 1, Decision::Return, read)],
        10 => vec![review(session, serial, 1, Decision::Confirm, vec![ChangeHash([0; 32])])],
        11 => vec![
            review(session, serial, 1, Decision::Confirm, read.clone()),
            review(session, serial, 2, Decision::Return, read),
        ],
        _ => vec![review(session, serial, 1, Decision::Confirm, read)],
    }
}

fn review(session: &SessionView, serial: u64, number: u8, decision: Decision, read: Vec<ChangeHash>) -> ReviewView {
    let mut id = session.meta.id.0;
    id[15] ^= number;
    id[0] = 0x80 | number;
    let comment = if decision == Decision::Return { "Bổ sung số lượt người" } else { "" };
    ReviewView {
        meta: Meta {
            id: RecordId(id),
            serial,
            recorder: RecorderId(OFFICER),
            heads: vec![ChangeHash([number; 32])],
            ..session.meta.clone()
        },
        session: session.meta.id,
        read_heads: read,
        decision,
        comment: comment.to_owned(),
        supersedes: std::collections::BTreeSet::new(),
        void: Register::default(),
    }
}

/// The recorders, the officer, their devices, certificates and posts.
async fn people(db: &Db, villages: &[(AreaId, String)]) -> Result<(), DbError> {
    const ACCOUNT: &str = "insert into account (id, username, display_name, role, password_hash, active, created_at_ms) \
                           values ($1, $2, $3, $4, 'none', $5, 0)";
    const AREA: &str = "insert into account_area (account_id, generation, code) values ($1, $2, $3)";
    const DEVICE: &str = "insert into device (id, public_key, account_id, label, enrolled_at_ms, last_contact_ms, \
                          synced_at_ms, certificate_no) values ($1, $2, $3, 'điện thoại', 0, $4, $4, 1)";
    const CERTIFICATE: &str = "insert into certificate (device_id, no, role, recorder, issued_at_ms, expires_at_ms, jwt) \
                               values ($1, 1, 'guard', $2, $3, $4, 'none')";
    const COVERED: &str = "insert into certificate_area (device_id, no, generation, code) values ($1, 1, $2, $3)";
    const POST: &str = "insert into account_post (account_id, since_day, post_id) values ($1, $2, $3)";
    let posts: Vec<String> =
        Catalogues::new(db.clone()).current().await?.items().posts.iter().map(|post| post.id.clone()).collect();
    let (begins, ends) = (end_of_day_ms(FIRST_DAY - 1), end_of_day_ms(FIRST_DAY + 365));
    db.write(async |tx| {
        for number in 1..=PEOPLE + 1 {
            let account = i64::try_from(number).unwrap_or_default();
            let role = if number == u64::from(OFFICER) { "officer" } else { "guard" };
            let (username, name) = (format!("made-up-{number}"), format!("Đồng chí {number}"));
            on_db!(tx, |c| {
                let query = sqlx::query(ACCOUNT).bind(account).bind(&username).bind(&name);
                query.bind(role).bind(true).execute(c).await.map(drop)
            })?;
            let device = Blob(DeviceId(number.to_be_bytes()));
            let mut key = [7; 32];
            key[..8].copy_from_slice(&number.to_be_bytes());
            // One in ten has been silent for the last month.
            let synced = if number % 10 == 0 { ends - 40 * 86_400_000 } else { ends };
            on_db!(tx, |c| {
                let query = sqlx::query(DEVICE).bind(device).bind(key.to_vec()).bind(account);
                query.bind(synced).execute(c).await.map(drop)
            })?;
            on_db!(tx, |c| {
                let query = sqlx::query(CERTIFICATE).bind(device).bind(account);
                query.bind(begins).bind(ends).execute(c).await.map(drop)
            })?;
            let place = usize::try_from(number - 1).unwrap_or_default() % villages.len();
            let area = villages[place].0;
            let (generation, code) = (i64::from(area.generation), i64::from(area.code));
            on_db!(tx, |c| sqlx::query(AREA).bind(account).bind(generation).bind(code).execute(c).await.map(drop))?;
            on_db!(tx, |c| sqlx::query(COVERED).bind(device).bind(generation).bind(code).execute(c).await.map(drop))?;
            if let Some(post) = posts.get(place % posts.len().max(1)) {
                on_db!(tx, |c| sqlx::query(POST).bind(account).bind(FIRST_DAY).bind(post).execute(c).await.map(drop))?;
            }
        }
        Ok(())
    })
    .await
}

async fn panel_checks(db: &Db, draws: &mut Draws, seed: u64) -> Result<(), DbError> {
    let catalogue = Catalogues::new(db.clone()).current().await?;
    let mut projector = Projector::default();
    for (place, panel) in catalogue.items().panels.iter().enumerate() {
        for number in 0..CHECKS {
            let serial = place as u64 * CHECKS + number;
            let day = FIRST_DAY + i64::try_from(number * 30).unwrap_or_default();
            let session = session_view(draws, (seed, serial), day, "", 1 + serial % PEOPLE);
            let claims = Claims { author: session.meta.created_by, claimed_at: session.meta.created_at };
            let mut id = session.meta.id.0;
            id[0] = 0xc0;
            let condition = if draws.below(8) == 0 { "faded" } else { "good" };
            let view = PanelCheckView {
                meta: Meta { id: RecordId(id), ..session.meta },
                fields: PanelCheckFields {
                    site: claims.register(panel.id.parse::<Line>().ok()),
                    date: claims.register(i32::try_from(day).ok().and_then(CivilDate::from_day_number)),
                    hotline_wrong: claims.register(Some(draws.below(40) == 0)),
                    ..PanelCheckFields::default()
                },
                conditions: condition.parse::<Code>().ok().into_iter().collect(),
                note: String::new(),
            };
            add(&mut projector, panel.body.area, day, &RecordView::PanelCheck(view));
        }
    }
    db.write(async |tx| projector.flush(tx).await).await
}

/// A row each for `$1` numbers from 0.
const NUMBERS: &str = "with recursive numbers (n) as (select cast(0 as bigint) union all select n + 1 from numbers \
                       where n + 1 < $1) ";

async fn run(tx: &mut Tx, text: &str, bound: i64) -> Result<(), DbError> {
    let text = text.to_owned();
    on_db!(tx, |c| sqlx::query(sqlx::AssertSqlSafe(text)).bind(bound).execute(c).await.map(drop))?;
    Ok(())
}

/// An expression that goes through these ids as `n` goes up.
fn one_of<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    let cases: Vec<String> = ids.enumerate().map(|(place, id)| format!("when {place} then '{id}'")).collect();
    match cases.len() {
        0 => "'none'".to_owned(),
        count => format!("case n % {count} {} end", cases.join(" ")),
    }
}

/// What is entered by hand, and the audit.
async fn entered(tx: &mut Tx, posts: &str, clubs: &str) -> Result<(), DbError> {
    let by = format!("'', {OFFICER}, 0");
    for (count, columns, values) in [
        (
            2_000,
            "material_issue (post_id, kind, quantity, issued_day, note, entered_by, entered_at_ms)",
            format!("{posts}, 'leaflet', 500 + n, {FIRST_DAY} + n % 365, {by}"),
        ),
        (
            2_000,
            "club_meeting (club_id, held_day, meetings, note, entered_by, entered_at_ms)",
            format!("{clubs}, {FIRST_DAY} + n % 365, 1, {by}"),
        ),
        (
            3_000,
            "media_item (kind, published_day, quantity, note, entered_by, entered_at_ms)",
            format!("case n % 2 when 0 then 'news_item' else 'article' end, {FIRST_DAY} + n % 365, 1, {by}"),
        ),
        (
            24,
            "context_figure (code, from_day, to_day, quantity, source, entered_by, entered_at_ms)",
            format!("'illegal_exits', {FIRST_DAY} + n * 15, {FIRST_DAY} + n * 15 + 14, 30, 'Báo cáo', {OFFICER}, 0"),
        ),
        (
            100_000,
            "audit (at_ms, account_id, action, subject, detail)",
            format!(
                "{FIRST_DAY} * cast(86400000 as bigint) + n * 300000, 1 + n % 500, 'session.seen', cast(n as text), \
                     '{{}}'"
            ),
        ),
    ] {
        run(tx, &format!("{NUMBERS} insert into {columns} select {values} from numbers"), count).await?;
    }
    Ok(())
}

/// Batches of twenty changes, one change a session, without content: what lists of devices and of the quarantine read.
async fn logs(tx: &mut Tx, sessions: u64) -> Result<(), DbError> {
    let (random, empty, zeros) = match tx.dialect() {
        Dialect::Sqlite => ("randomblob(32)", "x'00'", "zeroblob"),
        Dialect::Postgres => {
            ("decode(md5(random()::text || n) || md5(n || random()::text), 'hex')", "'\\x00'::bytea", "zeros")
        }
    };
    let zeros = |bytes: usize| match zeros {
        "zeroblob" => format!("zeroblob({bytes})"),
        _ => format!("decode(repeat('00', {bytes}), 'hex')"),
    };
    let device = match tx.dialect() {
        Dialect::Sqlite => "(select id from device where account_id = 1 + n % 500)",
        Dialect::Postgres => "(select d.id from device d where d.account_id = 1 + n % 500)",
    };
    let batches = i64::try_from(sessions.div_ceil(20)).unwrap_or(i64::MAX);
    // The last batch of one device in fifty has come without the one before it.
    let columns = "batch (id, device_id, generation, code, seq, hash, prev, certificate_no, sealed_at_ms, \
                   schema_number, header, signature, received_at_ms, via, state, backed_up)";
    let row = |seq: &str, state: &str| {
        format!(
            "{device}, a.generation, a.code, {seq}, {random}, {}, 1, 0, 1, {empty}, {}, \
             {FIRST_DAY} * cast(86400000 as bigint), 'sync', '{state}'",
            zeros(32),
            zeros(64)
        )
    };
    let backed_up = match tx.dialect() {
        Dialect::Sqlite => "1",
        Dialect::Postgres => "true",
    };
    let of_account = "join account_area a on a.account_id = 1 + n % 500";
    let text = format!(
        "{NUMBERS} insert into {columns} select n + 1, {}, {backed_up} from numbers {of_account}",
        row("n / 500 + 1", "chained")
    );
    run(tx, &text, batches).await?;
    let text = format!(
        "{NUMBERS} insert into {columns} select {batches} + n + 1, {}, {backed_up} from numbers {of_account} \
         where n % 50 = 0",
        row(&format!("{batches} / 500 + 10"), "waiting")
    );
    run(tx, &text, 500).await?;
    let changes = "change (batch_id, ordinal, record_id, kind, change_hash, bytes, verdict, reason)";
    let text = format!(
        "insert into {changes} select n / 20 + 1, n % 20, record_id, 1, {random}, {empty}, \
         case when n % 3333 = 7 then 'quarantined' else 'admitted' end, \
         case when n % 3333 = 7 then 'wrong-record' end \
         from (select record_id, row_number() over (order by record_id) - 1 as n from session) as numbered \
         where n / 20 < $1"
    );
    run(tx, &text, batches).await?;
    let heads = "insert into log_head (generation, code, device_id, seq, hash) \
                 select generation, code, device_id, max(seq), min(hash) from batch where state = 'chained' and id <= $1 \
                 group by generation, code, device_id";
    let heads = match tx.dialect() {
        Dialect::Sqlite => heads.to_owned(),
        // There is no least of bytes there.
        Dialect::Postgres => heads.replace("min(hash)", "(array_agg(hash))[1]"),
    };
    run(tx, &heads, batches).await
}
