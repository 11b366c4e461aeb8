//! Stock of the posts.

use sync_core::record::codes;

use super::{Asked, Rows, Table};
use crate::coverage::calendar::local_day;
use crate::db::Tx;
use crate::export::cell::{Cell, Row};
use crate::export::words;
use crate::material::route::StockParams;
use crate::material::stock;
use crate::problem::Problem;
use crate::reference::{Catalogue, Kind};

pub(super) async fn table(tx: &mut Tx, catalogue: &Catalogue, asked: &Asked) -> Result<Table, Problem> {
    let params: StockParams = asked.params()?;
    let day = params.read(local_day(asked.now.0))?;
    let stock = stock(tx, catalogue, &asked.scope, day).await?;
    let lang = asked.lang;
    let head = |vi: &str, en: &str| lang.pick(vi, en).to_owned();
    let headings = vec![
        head("Mã đồn, trạm", "Post, id"),
        head("Đồn, trạm", "Post"),
        head("Loại tài liệu", "Material"),
        head("Đã cấp", "Issued"),
        head("Đã phát", "Handed out"),
        head("Còn lại theo sổ", "Left by the books"),
        head("Tính đến ngày", "Up to"),
        head("Dữ liệu mẫu", "Sample data"),
    ];
    let word = |kind: &str| words::term(catalogue, lang, Kind::Materials, codes::MATERIALS, kind);
    let mut rows: Vec<Row> = Vec::new();
    for post in &stock.posts {
        for kind in &post.kinds {
            rows.push(vec![
                Cell::text(post.post.as_str()),
                Cell::text(post.name.as_str()),
                Cell::text(word(&kind.kind)),
                Cell::Number(kind.issued),
                Cell::Number(kind.handed_out),
                Cell::Number(kind.left),
                Cell::day(Some(&stock.to)),
                Cell::text(words::yes_no(lang, post.sample)),
            ]);
        }
    }
    for kind in &stock.unassigned {
        rows.push(vec![
            Cell::Empty,
            Cell::text(head("Chưa gắn với đồn, trạm nào", "At no post")),
            Cell::text(word(&kind.kind)),
            Cell::Empty,
            Cell::Number(kind.handed_out),
            Cell::Empty,
            Cell::day(Some(&stock.to)),
            Cell::Empty,
        ]);
    }
    Ok(Table { title: head("Tài liệu", "Material"), headings, rows: Rows::Read(Box::new(rows.into_iter())) })
}
