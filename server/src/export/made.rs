//! Making a file and sending it, in a task of its own: the request's time does not end it, its receiver's going does, at
//! once. What is made for nobody would keep a connection to the database and a place from those who wait for one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
    /// A file that is small and finished.
    Whole(Vec<u8>),
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
    let place = Arc::new(place);
    let making = async {
        match content {
            Content::Csv(table) => csv(&app, table, &pieces).await,
            Content::Xlsx(table, about) => xlsx(&app, table, about, &pieces, &place).await,
            Content::Whole(bytes) => whole(&bytes, &pieces).await,
            Content::Geo(features) => geo(features, &pieces).await,
        }
    };
    let done = tokio::select! {
        done = making => done,
        () = pieces.gone() => Err(Gone.into()),
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

async fn whole(bytes: &[u8], pieces: &Pieces) -> Result<(), MakeError> {
    for piece in bytes.chunks(PIECE) {
        pieces.send(piece.to_vec()).await?;
    }
    Ok(())
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
    place: &Arc<OwnedSemaphorePermit>,
) -> Result<(), MakeError> {
    let scratch = Arc::new(Scratch::new(&app.config.data_dir, MAKING)?);
    let path = scratch.join("file.xlsx");
    let headed = Headed { name: sheet_name(&table.title), headings: table.headings, about };
    let (sender, mut receiver) = mpsc::channel::<Vec<Row>>(2);
    // Dropped before the sender: rows that end with nobody waiting are not taken for all of them.
    let watched = Watched::default();
    let abandoned = watched.abandoned();
    let (at, held) = (path.clone(), (scratch.clone(), place.clone()));
    let writing = tokio::task::spawn_blocking(move || {
        // The directory and the place are given back when nothing works on the file any more.
        let _held = held;
        xlsx_file::write(&at, &headed, &abandoned, || receiver.blocking_recv())
    });
    let mut reading = Reading::begin(app, table.rows).await?;
    while let Some(rows) = reading.next().await? {
        if sender.send(rows).await.is_err() {
            break;
        }
    }
    // The snapshot is not needed while the file is finished and fetched.
    drop((reading, sender));
    writing.await.map_err(|_| MakeError::Ended)??;
    drop(watched);
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

/// Tells the thread that writes a workbook, when it is dropped, that nobody wants the workbook any more.
#[derive(Debug, Default)]
struct Watched(Arc<AtomicBool>);

impl Watched {
    fn abandoned(&self) -> Abandoned {
        Abandoned(self.0.clone())
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Whether the one who waits for a workbook has gone.
#[derive(Debug, Clone)]
pub(super) struct Abandoned(Arc<AtomicBool>);

impl Abandoned {
    /// # Errors
    /// When it has.
    pub(super) fn check(&self) -> std::io::Result<()> {
        if self.0.load(Ordering::Relaxed) { Err(std::io::Error::other(Gone)) } else { Ok(()) }
    }
}

/// A name that spreadsheets accept for a sheet: at most 31 characters, some left out, with room for a number.
fn sheet_name(title: &str) -> String {
    let allowed = |c: &char| !matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\' | '\'');
    title.chars().filter(allowed).take(26).collect()
}
