//! Making a file and sending it, in a task of its own: the request's time does not end it, its receiver's going does.

use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::body::{Gone, Pieces};
use super::cell::Row;
use super::csv_file::CsvFile;
use super::geo_file;
use super::table::{Rows, Table};
use super::xlsx_file::{self, Headed};
use crate::app::AppState;
use crate::db::{DbError, Tx};
use crate::scratch::Scratch;

/// A piece is sent when it has so many bytes.
const PIECE: usize = 64 << 10;
/// Rows handed on together.
const ROWS: usize = 1_000;
/// What directories of unfinished files are called.
const MAKING: &str = ".export-";

/// What a file is made of.
pub(super) enum Content {
    /// Rows as CSV.
    Csv(Table),
    /// Rows as XLSX, with what the last sheet says.
    Xlsx(Table, (String, Vec<(String, String)>)),
    /// Features, written out.
    Geo(Vec<String>),
}

/// A file was not finished.
#[derive(Debug, thiserror::Error)]
pub(super) enum MakeError {
    #[error(transparent)]
    Gone(#[from] Gone),
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
    #[error("the writer of the workbook ended early")]
    Ended,
}

/// Makes the file and sends it; breaks the connection off when it cannot be finished.
pub(super) async fn make(app: AppState, content: Content, pieces: Pieces, place: OwnedSemaphorePermit) {
    let done = match content {
        Content::Csv(table) => csv(&app, table, &pieces).await,
        Content::Xlsx(table, about) => xlsx(&app, table, about, &pieces).await,
        Content::Geo(features) => geo(features, &pieces).await,
    };
    match done {
        Ok(()) => {}
        Err(MakeError::Gone(_)) => tracing::info!("an export was not fetched to its end"),
        Err(error) => {
            tracing::error!(%error, "an export failed");
            pieces.break_off().await;
        }
    }
    drop(place);
}

/// The rows of a table, some at a time. Sessions are read from one snapshot that lasts as long as this.
struct Reading {
    rows: Rows,
    tx: Option<Tx>,
}

impl Reading {
    async fn begin(app: &AppState, rows: Rows) -> Result<Self, DbError> {
        let tx = match &rows {
            Rows::Read(_) => None,
            Rows::Sessions(_) => Some(app.db.snapshot().await?),
        };
        Ok(Self { rows, tx })
    }

    async fn next(&mut self) -> Result<Option<Vec<Row>>, DbError> {
        match (&mut self.rows, &mut self.tx) {
            (Rows::Sessions(sessions), Some(tx)) => sessions.page(tx).await,
            (Rows::Read(rows), _) => {
                let some: Vec<Row> = rows.by_ref().take(ROWS).collect();
                Ok((!some.is_empty()).then_some(some))
            }
            (Rows::Sessions(_), None) => Ok(None),
        }
    }
}

async fn csv(app: &AppState, table: Table, pieces: &Pieces) -> Result<(), MakeError> {
    let mut file = CsvFile::new(&table.headings)?;
    pieces.send(file.take()?).await?;
    let mut reading = Reading::begin(app, table.rows).await?;
    let mut piece = Vec::new();
    while let Some(rows) = reading.next().await? {
        for row in &rows {
            file.row(row)?;
        }
        piece.append(&mut file.take()?);
        if piece.len() >= PIECE {
            pieces.send(std::mem::take(&mut piece)).await?;
        }
    }
    Ok(pieces.send(piece).await?)
}

async fn geo(features: Vec<String>, pieces: &Pieces) -> Result<(), MakeError> {
    let mut piece = geo_file::BEGIN.as_bytes().to_vec();
    for (at, feature) in features.iter().enumerate() {
        if at > 0 {
            piece.extend(geo_file::BETWEEN.bytes());
        }
        piece.extend(feature.bytes());
        if piece.len() >= PIECE {
            pieces.send(std::mem::take(&mut piece)).await?;
        }
    }
    piece.extend(geo_file::END.bytes());
    Ok(pieces.send(piece).await?)
}

async fn xlsx(
    app: &AppState,
    table: Table,
    about: (String, Vec<(String, String)>),
    pieces: &Pieces,
) -> Result<(), MakeError> {
    let scratch = Scratch::new(&app.config.data_dir, MAKING)?;
    let path = scratch.join("file.xlsx");
    let headed = Headed { name: sheet_name(&table.title), headings: table.headings, about };
    let (sender, mut receiver) = mpsc::channel::<Vec<Row>>(2);
    let at = path.clone();
    let writing = tokio::task::spawn_blocking(move || xlsx_file::write(&at, &headed, || receiver.blocking_recv()));
    let mut reading = Reading::begin(app, table.rows).await?;
    while let Some(rows) = reading.next().await? {
        if pieces.is_gone() {
            return Err(Gone.into());
        }
        if sender.send(rows).await.is_err() {
            break;
        }
    }
    // The snapshot is not needed while the file is finished and fetched.
    drop((reading, sender));
    writing.await.map_err(|_| MakeError::Ended)??;
    let mut file = tokio::fs::File::open(&path).await?;
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        let room = &mut tokio::io::AsyncReadExt::take(&mut file, PIECE as u64);
        if tokio::io::AsyncReadExt::read_to_end(room, &mut piece).await? == 0 {
            return Ok(());
        }
        pieces.send(piece).await?;
    }
}

/// A name that spreadsheets accept for a sheet: at most 31 characters, some left out, with room for a number.
fn sheet_name(title: &str) -> String {
    let allowed = |c: &char| !matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\' | '\'');
    title.chars().filter(allowed).take(26).collect()
}
