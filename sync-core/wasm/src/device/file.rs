//! Files that are carried: batches to the server, receipts back.

use serde::{Deserialize, Serialize};
use sync_core::sync::{Carried, ReceiptFile, pages};
use tsify::{Ts, Tsify};
use wasm_bindgen::prelude::*;

use crate::fault::Fault;

/// A file of unsent batches as pages for the write-only endpoint, of about so many bytes each.
#[wasm_bindgen(js_name = depositPages)]
pub fn deposit_pages(file: &[u8], about_bytes: u32) -> Result<Vec<js_sys::Uint8Array>, Fault> {
    let carried = Carried::from_bytes(file).map_err(Fault::unreadable)?;
    let pages = pages(carried.page.batches, about_bytes as usize);
    Ok(pages.iter().map(|page| js_sys::Uint8Array::from(page.to_bytes().as_slice())).collect())
}

/// What a file of receipts says: whose they are, how many logs they speak of, how many batches were held.
#[derive(Debug, Clone, Serialize, Deserialize, Tsify)]
pub struct ReceiptsRead {
    /// The device they are for.
    pub to: String,
    /// Logs.
    pub logs: u32,
    /// Batches that wait for others or were held for a person to look at.
    pub held: u32,
}

/// Reads a file of receipts.
#[wasm_bindgen(js_name = readReceipts)]
pub fn read_receipts(file: &[u8]) -> Result<Ts<ReceiptsRead>, Fault> {
    let file = ReceiptFile::from_bytes(file).map_err(Fault::unreadable)?;
    let count = |of: fn(&sync_core::log::Receipt) -> usize| {
        u32::try_from(file.receipts.iter().map(of).sum::<usize>()).unwrap_or(u32::MAX)
    };
    let (logs, held) = (count(|receipt| receipt.heads.len()), count(|receipt| receipt.held.len()));
    Ok(ReceiptsRead { to: file.to.to_string(), logs, held }.into_ts()?)
}
