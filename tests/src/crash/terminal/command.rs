//! The commands of a device, and what it says before it ends.

use std::time::Instant;

use serde_json::Value;
use sync_core::id::RecordId;

use super::{Terminal, text};
use crate::crash::Failure;
use crate::crash::disk::Disk;
use crate::harness::{Output, Program};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    Record,
    Edit,
    Sync,
    Export,
    Enrol,
}

impl Act {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Edit => "edit",
            Self::Sync => "sync",
            Self::Export => "export",
            Self::Enrol => "enrol",
        }
    }
}

impl Terminal {
    /// The program, on the disk when the power is to go.
    pub(super) fn program(&self) -> Result<Program, Failure> {
        let mut program = self.site.aside().clone();
        for (name, value) in self.disk.as_ref().map_or_else(|| Ok(Vec::new()), Disk::environment)? {
            program = program.with(&name, &value);
        }
        Ok(program)
    }

    /// The words of a command, and the attendances it writes to which record.
    pub(super) fn words(&mut self, at: usize, act: Act) -> (Vec<String>, Option<(u32, Option<RecordId>)>) {
        let handset = &mut self.handsets[at];
        let mut words: Vec<String> = ["field", "--store", &text(&handset.store)].map(str::to_owned).to_vec();
        let ids: Vec<RecordId> = handset.said.keys().copied().collect();
        self.number += 1;
        let number = self.number.to_string();
        let (more, written): (Vec<&str>, _) = match (act, self.chance.pick(&ids)) {
            (Act::Edit, Some(id)) => {
                words.extend(["edit".to_owned(), id.to_string()]);
                (vec!["--attendances", &number], Some((self.number, Some(*id))))
            }
            (Act::Record | Act::Edit, _) => {
                let note = "Bà con hỏi nhiều về đường dây nóng 111.";
                let village = ["record", "--village", "na choong", "--note", note, "--json"];
                ([&village[..], &["--attendances", &number]].concat(), Some((self.number, None)))
            }
            (Act::Export, _) => {
                let file = handset.store.with_file_name(format!("carried-{number}.age"));
                words.extend(["export".to_owned(), text(&file)]);
                handset.files.push(file);
                (Vec::new(), None)
            }
            (Act::Sync | Act::Enrol, _) => (vec!["sync"], None),
        };
        words.extend(more.into_iter().map(str::to_owned));
        (words, written)
    }

    /// Runs a command that nobody kills, and keeps how long it took.
    pub(super) fn undisturbed(&mut self, at: usize, act: Act) -> Result<(), Failure> {
        let (words, written) = self.words(at, act);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let started = Instant::now();
        let output = self.program()?.run(&words, "")?;
        if output.code != 0 {
            return Err(format!("{words:?}: {output:?}").into());
        }
        let took = started.elapsed();
        let slowest = self.takes.entry(act).or_insert(took);
        *slowest = took.max(*slowest);
        self.heard(at, written, &output);
        Ok(())
    }

    /// Keeps what a command said before it ended.
    pub(super) fn heard(&mut self, at: usize, written: Option<(u32, Option<RecordId>)>, output: &Output) {
        let Some((number, edited)) = written else { return };
        let handset = &mut self.handsets[at];
        let id = match edited {
            Some(id) => output.out.contains("Recorded on this device").then_some(id),
            None => serde_json::from_str::<Value>(&output.out)
                .ok()
                .and_then(|said| serde_json::from_value(said["id"].clone()).ok()),
        };
        match id {
            Some(id) => {
                *(if edited.is_some() { &mut self.report.edited } else { &mut self.report.recorded }) += 1;
                handset.said.insert(id, number);
                // What was attempted on it before has been decided by now.
                handset.unsaid.retain(|_, of| *of != Some(id));
            }
            None => drop(handset.unsaid.insert(number, edited)),
        }
    }
}
