//! Context figures of the province, from reports of other agencies. They stand beside coverage and are never added to it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::entry::{self, Book, ENTERED, ENTRY_UNKNOWN, Entered};
use crate::app::AppState;
use crate::auth::{Principal, check_again};
use crate::coverage::calendar::{day_text, parse_day};
use crate::db::{DbError, Tx};
use crate::on_db;
use crate::problem::{FIELD, Problem};

/// What a figure counts, in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct FigureCode {
    /// Its code, as stored.
    pub code: &'static str,
    /// Vietnamese.
    pub vi: &'static str,
    /// English.
    pub en: &'static str,
}

/// The figures that can be entered: totals of the province, none about a single person or case.
pub const FIGURES: &[FigureCode] = &[
    FigureCode { code: "illegal_exits", vi: "Lượt xuất cảnh trái phép", en: "Illegal exits" },
    FigureCode { code: "illegal_entries", vi: "Lượt nhập cảnh trái phép", en: "Illegal entries" },
    FigureCode {
        code: "cases", vi: "Số vụ mua bán người được khởi tố", en: "Trafficking cases prosecuted"
    },
    FigureCode {
        code: "support_agencies",
        vi: "Số cơ quan, tổ chức tiếp nhận, hỗ trợ nạn nhân",
        en: "Agencies that receive and support victims",
    },
    FigureCode {
        code: "target_population",
        vi: "Số người từ 14 đến 60 tuổi ở địa bàn trọng điểm",
        en: "People aged 14 to 60 in priority areas",
    },
    FigureCode { code: "key_communes", vi: "Số xã, phường trọng điểm", en: "Priority communes" },
    FigureCode {
        code: "key_communes_with_model",
        vi: "Số xã, phường trọng điểm có mô hình",
        en: "Priority communes with a model",
    },
];

/// One figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Figure {
    /// The row.
    pub id: i64,
    /// What it counts: one of `codes`.
    pub code: String,
    /// The first day it covers.
    pub from: String,
    /// The last day it covers.
    pub to: String,
    /// The figure.
    pub quantity: i64,
    /// Where it is from.
    pub source: String,
    /// Who entered it.
    #[serde(flatten)]
    pub entered: Entered,
}

/// The figures of some days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Figures {
    /// What can be entered.
    pub codes: Vec<FigureCode>,
    /// Those that cover any of the days, the latest first, at most 1,000 rows.
    pub figures: Vec<Figure>,
}

/// A figure to be entered.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewFigure {
    /// One of the codes that `GET /v1/figures` answers.
    #[schema(pattern = "^[a-z_]{3,40}$")]
    code: String,
    /// The first day it covers.
    #[schema(value_type = crate::openapi::Day)]
    from: String,
    /// The last day it covers.
    #[schema(value_type = crate::openapi::Day)]
    to: String,
    /// The figure: 0 to 100000000.
    #[schema(minimum = 0, maximum = 100000000)]
    quantity: i64,
    /// The report it is from: 3 to 200 characters.
    #[schema(min_length = 3, max_length = 200)]
    source: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    code: String,
    from_day: i64,
    to_day: i64,
    quantity: i64,
    source: String,
    #[sqlx(flatten)]
    entered: Entered,
}

const COLUMNS: &str = "e.id, e.code, e.from_day, e.to_day, e.quantity, e.source";

fn figure(row: Row) -> Figure {
    Figure {
        id: row.id,
        code: row.code,
        from: day_text(row.from_day),
        to: day_text(row.to_day),
        quantity: row.quantity,
        source: row.source,
        entered: row.entered,
    }
}

/// The figures that cover any of the days from `from` to `to`.
pub(super) async fn list(tx: &mut Tx, (from, to): (i64, i64)) -> Result<Figures, DbError> {
    let text = format!(
        "select {COLUMNS}, {ENTERED} from context_figure e left join account a on a.id = e.entered_by \
         where e.from_day <= $2 and e.to_day >= $1 order by e.from_day desc, e.id desc limit 1000"
    );
    let rows: Vec<Row> =
        on_db!(tx, |c| sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(from).bind(to).fetch_all(c).await)?;
    Ok(Figures { codes: FIGURES.to_vec(), figures: rows.into_iter().map(figure).collect() })
}

async fn one(tx: &mut Tx, id: i64) -> Result<Figure, Problem> {
    let text = format!(
        "select {COLUMNS}, {ENTERED} from context_figure e left join account a on a.id = e.entered_by where e.id = $1"
    );
    let row: Option<Row> = on_db!(tx, |c| sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(id).fetch_optional(c).await)?;
    row.map(figure).ok_or_else(|| ENTRY_UNKNOWN.problem().field("id"))
}

/// Enters a figure.
pub(super) async fn enter(
    tx: &mut Tx,
    app: &AppState,
    principal: &Principal,
    new: &NewFigure,
) -> Result<Figure, Problem> {
    const INSERT: &str = "insert into context_figure (code, from_day, to_day, quantity, source, entered_by, \
        entered_at_ms) values ($1, $2, $3, $4, $5, $6, $7) returning id";
    let now = app.now();
    check_again(tx, principal, now).await?;
    if !FIGURES.iter().any(|known| known.code == new.code) {
        let codes: Vec<&str> = FIGURES.iter().map(|known| known.code).collect();
        return Err(FIELD.problem().field("code").accepted(codes.join(", ")));
    }
    let day = |field: &'static str, text: &str| {
        parse_day(text).ok_or_else(|| FIELD.problem().field(field).accepted("a day yyyy-mm-dd from 2000 to 2099"))
    };
    let (from, to) = (day("from", &new.from)?, day("to", &new.to)?);
    if to < from {
        return Err(FIELD.problem().field("to").accepted("a day that is not before from"));
    }
    let quantity = entry::number("quantity", new.quantity, 0, 100_000_000)?;
    let source = entry::line("source", &new.source, 3, 200)?;
    let id: i64 = on_db!(tx, |c| {
        sqlx::query_scalar(INSERT)
            .bind(&new.code)
            .bind(from)
            .bind(to)
            .bind(quantity)
            .bind(&source)
            .bind(principal.account)
            .bind(now.0)
            .fetch_one(c)
            .await
    })?;
    let detail =
        serde_json::json!({ "code": new.code, "from": day_text(from), "to": day_text(to), "quantity": quantity });
    entry::entered(tx, Book::Figure, principal, now, id, &detail).await?;
    one(tx, id).await
}

/// Voids a figure.
pub(super) async fn void(
    tx: &mut Tx,
    app: &AppState,
    principal: &Principal,
    id: i64,
    reason: &str,
) -> Result<Figure, Problem> {
    one(tx, id).await?;
    entry::void(tx, Book::Figure, principal, app.now(), id, reason).await?;
    one(tx, id).await
}
