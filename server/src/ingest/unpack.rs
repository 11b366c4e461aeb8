//! Bodies of the exchange: unpacked and read within the memory there is for that.
//!
//! What a body takes once unpacked is known before anything is unpacked: a zstd frame says it, or a first pass over the
//! frame counts it without keeping it. What its batches take in memory is known before they are read: a first pass over
//! the layout adds it up. So memory is held first and taken then, and a body that stands for too much is refused early.

use std::io::{Read, sink};

use axum::body::Bytes;
use axum::http::{HeaderMap, header};

use crate::app::AppState;
use crate::intake::Held;
use crate::problem::{MEDIA, Problem, ProblemKind, TOO_LARGE};

/// A body's compression is broken.
pub const CONTENT_ENCODING: ProblemKind = ProblemKind::new(
    400,
    "body.encoding",
    "The body is not of the encoding it names",
    "Nội dung không đúng kiểu nén đã khai báo",
);

/// The largest window a sender may ask the server to keep: 2 MiB.
const WINDOW_LOG_MAX: u32 = 21;
/// The window of gzip and what its decoder keeps besides.
const GZIP_WINDOW: usize = 64 << 10;
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// How many times its size a body may take in memory before the exact number is asked for.
const USUAL_EXPANSION: usize = 3;
/// The least memory a body is given.
const LEAST_BYTES: usize = 8 * 1024;
/// About what the smallest change a person can make takes in a body.
const LEAST_CHANGE_BYTES: usize = 100;
/// Bodies up to this size are read where they are; above it they would hold up other requests of the same thread.
const INLINE_BYTES: usize = 32 * 1024;

/// How a kind of body is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout<T> {
    /// How much memory [`Layout::read`] takes, worked out without taking any.
    pub(crate) weigh: fn(&[u8]) -> Result<usize, Problem>,
    /// What the bytes hold.
    pub(crate) read: fn(&[u8]) -> Result<T, Problem>,
}

/// Takes what encloses a text off: bytes in, at most as many bytes out.
pub(crate) type Envelope = Box<dyn Fn(&[u8]) -> Result<Vec<u8>, Problem> + Send + Sync>;

/// A body on its way to what it holds.
#[derive(Clone)]
struct Packed {
    body: Bytes,
    packing: Packing,
    limit: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Plain,
    /// A zstd frame that says how long its content is.
    Declared {
        length: usize,
    },
    /// A body that does not, and the window it needs.
    Streamed {
        format: Format,
        length: usize,
        window: usize,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Zstd,
    /// What browsers can make by themselves.
    Gzip,
}

/// What a body holds, and the memory held for it. `envelope` is taken off after decompression.
///
/// # Errors
/// `body.encoding`, `body.media-type`, `body.too-large` when more than `limit` bytes come out, and what `layout` and
/// `envelope` say.
pub(crate) async fn unpack<T: Send + 'static>(
    app: &AppState,
    headers: &HeaderMap,
    body: Bytes,
    envelope: Option<Envelope>,
    layout: Layout<T>,
) -> Result<(T, Held), Problem> {
    let limit = app.config.max_body_bytes;
    let packed = Packed::of(app, headers, body, limit).await?;
    let opening = std::sync::Arc::new(Opening { packed, envelope, layout });
    let mut allowed = opening.packed.length() * USUAL_EXPANSION + LEAST_BYTES;
    loop {
        let scratch = opening.scratch();
        let mut held = app.intake.memory.hold(scratch + allowed).await;
        let attempt = opening.clone();
        match blocking(app, opening.packed.length(), move || attempt.open(allowed)).await? {
            (bytes, Some(value)) => {
                held.shrink_to(bytes);
                return Ok((value, held));
            }
            (bytes, None) if scratch + bytes > app.intake.memory.most() => return Err(too_many(limit)),
            (bytes, None) => allowed = bytes,
        }
    }
}

/// Runs what takes long for many bytes where it holds up nobody.
async fn blocking<T: Send + 'static>(
    app: &AppState,
    bytes: usize,
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    if bytes <= INLINE_BYTES {
        return work();
    }
    app.intake.workers.run(work).await.map_err(Problem::internal)?
}

struct Opening<T> {
    packed: Packed,
    envelope: Option<Envelope>,
    layout: Layout<T>,
}

impl<T> Opening<T> {
    /// The memory that is needed beside what the value takes, in bytes.
    fn scratch(&self) -> usize {
        let unpacking = match self.packed.packing {
            Packing::Plain => 0,
            Packing::Declared { length } => length,
            Packing::Streamed { length, window, .. } => length + window,
        };
        unpacking + if self.envelope.is_some() { self.packed.length() } else { 0 }
    }

    /// How much memory the value takes, and the value unless that is more than allowed.
    fn open(&self, allowed: usize) -> Result<(usize, Option<T>), Problem> {
        let mut bytes = self.packed.unpacked()?;
        if let Some(envelope) = &self.envelope {
            bytes = envelope(&bytes)?.into();
        }
        let needed = (self.layout.weigh)(&bytes)?;
        let value = if needed <= allowed { Some((self.layout.read)(&bytes)?) } else { None };
        Ok((needed, value))
    }
}

impl Packed {
    async fn of(app: &AppState, headers: &HeaderMap, body: Bytes, limit: usize) -> Result<Self, Problem> {
        let encoding =
            headers.get(header::CONTENT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("identity");
        let packing = match encoding.trim() {
            "identity" | "" => Packing::Plain,
            "zstd" => match declared(&body)? {
                (Some(length), _) if length > limit as u64 => return Err(too_large(limit)),
                (Some(length), _) => Packing::Declared { length: usize::try_from(length).unwrap_or(limit) },
                (None, window) => counted(app, &body, Format::Zstd, window, limit).await?,
            },
            "gzip" => counted(app, &body, Format::Gzip, GZIP_WINDOW, limit).await?,
            _ => return Err(MEDIA.problem().field("content-encoding").accepted("zstd, gzip or identity")),
        };
        Ok(Self { body, packing, limit })
    }

    fn length(&self) -> usize {
        match self.packing {
            Packing::Plain => self.body.len(),
            Packing::Declared { length } | Packing::Streamed { length, .. } => length,
        }
    }

    fn unpacked(&self) -> Result<Bytes, Problem> {
        let unpacked = match self.packing {
            Packing::Plain => return Ok(self.body.clone()),
            Packing::Declared { length } => zstd::bulk::decompress(&self.body, length).map_err(|_| broken())?,
            Packing::Streamed { format, length, .. } => {
                let mut unpacked = Vec::with_capacity(length);
                stream(&self.body, format, self.limit)?.read_to_end(&mut unpacked).map_err(|_| broken())?;
                unpacked
            }
        };
        if unpacked.len() == self.length() { Ok(unpacked.into()) } else { Err(broken()) }
    }
}

fn broken() -> Problem {
    CONTENT_ENCODING.problem().field("body").accepted("one zstd frame, window at most 2 MiB, or one gzip member")
}

fn too_large(limit: usize) -> Problem {
    TOO_LARGE.problem().field("body").accepted(format!("at most {limit} bytes once unpacked"))
}

fn too_many(limit: usize) -> Problem {
    let accepted = format!("fewer changes: some {} in a body of {limit} bytes", limit / LEAST_CHANGE_BYTES);
    TOO_LARGE.problem().field("body").accepted(accepted)
}

/// How long the content of a zstd frame is, when the frame says it, and else the window it needs (RFC 8878, 3.1.1.1).
fn declared(frame: &[u8]) -> Result<(Option<u64>, usize), Problem> {
    let head = frame.strip_prefix(&ZSTD_MAGIC).ok_or_else(broken)?;
    if let Some(length) = zstd::zstd_safe::get_frame_content_size(frame).map_err(|_| broken())? {
        return Ok((Some(length), 0));
    }
    // A frame of unknown length has a window descriptor: exponent in five bits, eighths in three.
    let descriptor = *head.get(1).ok_or_else(broken)?;
    let log = 10 + u32::from(descriptor >> 3);
    let window = (1_u64 << log) + ((1_u64 << log) / 8) * u64::from(descriptor & 7);
    if window > 1 << WINDOW_LOG_MAX {
        return Err(broken());
    }
    Ok((None, usize::try_from(window).map_err(|_| broken())?))
}

/// A body of unknown length, once that was counted.
async fn counted(
    app: &AppState,
    body: &Bytes,
    format: Format,
    window: usize,
    limit: usize,
) -> Result<Packing, Problem> {
    let _held = app.intake.memory.hold(window).await;
    let counted = body.clone();
    let length = blocking(app, usize::MAX, move || count(&counted, format, limit)).await?;
    Ok(Packing::Streamed { format, length, window })
}

/// The content of one frame or member, at most one byte more than `limit` of it.
fn stream(frame: &[u8], format: Format, limit: usize) -> Result<Box<dyn Read + '_>, Problem> {
    if format == Format::Gzip {
        return Ok(Box::new(flate2::bufread::GzDecoder::new(frame).take(limit as u64 + 1)));
    }
    let decoder = zstd::stream::read::Decoder::with_buffer(frame).map_err(|_| broken())?;
    let mut decoder = decoder.single_frame();
    decoder.window_log_max(WINDOW_LOG_MAX).map_err(|_| broken())?;
    Ok(Box::new(decoder.take(limit as u64 + 1)))
}

/// How long the content of a frame is that does not say it; nothing of it is kept.
fn count(frame: &[u8], format: Format, limit: usize) -> Result<usize, Problem> {
    let length = std::io::copy(&mut stream(frame, format, limit)?, &mut sink()).map_err(|_| broken())?;
    usize::try_from(length).ok().filter(|length| *length <= limit).ok_or_else(|| too_large(limit))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn unpacked(frame: Vec<u8>, limit: usize) -> Result<Bytes, &'static str> {
        let opened = || {
            let packing = match declared(&frame)? {
                (Some(length), _) if length > limit as u64 => return Err(too_large(limit)),
                (Some(length), _) => Packing::Declared { length: length as usize },
                (None, window) => {
                    Packing::Streamed { format: Format::Zstd, length: count(&frame, Format::Zstd, limit)?, window }
                }
            };
            Packed { body: frame.clone().into(), packing, limit }.unpacked()
        };
        opened().map_err(|problem: Problem| problem.code())
    }

    fn gunzipped(member: &[u8], limit: usize) -> Result<Bytes, &'static str> {
        let opened = || {
            let (format, body) = (Format::Gzip, Bytes::copy_from_slice(member));
            let packing = Packing::Streamed { format, length: count(member, format, limit)?, window: GZIP_WINDOW };
            Packed { body, packing, limit }.unpacked()
        };
        opened().map_err(|problem: Problem| problem.code())
    }

    #[test]
    fn gzip_comes_out_as_it_went_in_and_is_bounded() {
        let gzip = |content: &[u8]| {
            let mut packed = Vec::new();
            let mut encoder = flate2::bufread::GzEncoder::new(content, flate2::Compression::fast());
            encoder.read_to_end(&mut packed).expect("packs");
            packed
        };
        let packed = gzip(&numbers());
        assert_eq!(gunzipped(&packed, 20_000), Ok(numbers().into()));
        for len in 0..packed.len() {
            assert_eq!(gunzipped(&packed[..len], 20_000), Err("body.encoding"), "{len}");
        }
        assert_eq!(gunzipped(&gzip(&vec![0; 64 << 20]), 1 << 20), Err("body.too-large"));
    }

    fn streamed(content: &[u8]) -> Vec<u8> {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).expect("encoder");
        encoder.include_contentsize(false).expect("set");
        encoder.write_all(content).expect("written");
        encoder.finish().expect("finished")
    }

    fn numbers() -> Vec<u8> {
        (0..5000_u32).flat_map(u32::to_le_bytes).collect()
    }

    #[test]
    fn both_kinds_of_frames_come_out_as_they_went_in() {
        for frame in [zstd::bulk::compress(&numbers(), 3).expect("ok"), streamed(&numbers())] {
            assert_eq!(unpacked(frame, 20_000), Ok(numbers().into()));
        }
    }

    #[test]
    fn a_bomb_is_refused_at_the_limit_whether_it_says_its_size_or_not() {
        let zeros = vec![0; 64 << 20];
        for bomb in [zstd::bulk::compress(&zeros, 3).expect("ok"), streamed(&zeros)] {
            assert_eq!(unpacked(bomb, 1 << 20), Err("body.too-large"));
        }
    }

    #[test]
    fn a_frame_that_lies_about_its_length_is_refused() {
        let frame = zstd::bulk::compress(&numbers(), 3).expect("ok");
        // The content size of a frame of this length stands in two bytes, less 256.
        for less in [1, 300] {
            let mut lying = frame.clone();
            let said = u16::from_le_bytes([lying[5], lying[6]]);
            assert_eq!(usize::from(said) + 256, numbers().len());
            lying[5..7].copy_from_slice(&(said - less).to_le_bytes());
            assert_eq!(unpacked(lying, 20_000), Err("body.encoding"));
        }
    }

    #[test]
    fn a_body_cut_anywhere_is_refused() {
        for frame in [zstd::bulk::compress(&numbers(), 3).expect("ok"), streamed(&numbers())] {
            for len in 0..frame.len() {
                assert_eq!(unpacked(frame[..len].to_vec(), 1 << 20), Err("body.encoding"), "{len}");
            }
        }
    }

    #[test]
    fn a_window_over_the_limit_is_refused() {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).expect("encoder");
        encoder.window_log(27).expect("set");
        encoder.write_all(&numbers()).expect("written");
        assert_eq!(unpacked(encoder.finish().expect("finished"), 1 << 20), Err("body.encoding"));
    }
}
