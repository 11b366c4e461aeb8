//! The command line over a real store, with answers piped in.

mod entry;
mod questions;
mod refusals;

use std::io::Cursor;

use clap::Parser;
use sync_core::id::Role;

use super::*;
use crate::cli::{Context, Lang};
use crate::field::FieldError;
use crate::field::command::{Args, dispatch};

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    field: Args,
}

async fn run_with(world: &World, answers: &str, line: &[&str]) -> Result<String, FieldError> {
    let store = world.store("guard-a").display().to_string();
    let start = ["field", "--store", &store, "--wait", "0"];
    let line = start.iter().chain(line);
    let args = Line::try_parse_from(line).expect("the line parses").field;
    let context =
        Context { config: world.app.config.clone(), lang: Lang::Vi, clock: world.clock.clone() as Arc<dyn Clock> };
    let (mut answers, mut screen) = (Cursor::new(answers.as_bytes()), Vec::new());
    dispatch(args, &context, &mut answers, &mut screen).await?;
    Ok(String::from_utf8(screen).expect("text"))
}

async fn run(world: &World, line: &[&str]) -> Result<String, FieldError> {
    run_with(world, "", line).await
}

async fn enrolled() -> Result<World, Failure> {
    let world = World::new().await?;
    let code = world.code("guard-a", Role::Guard, &[AREA]).await?;
    let said = run(&world, &["enrol", "--server", &world.address, "--code", &code]).await?;
    assert!(said.contains("Đã đăng ký thiết bị") && said.contains("Hoành Mô"), "{said}");
    Ok(world)
}

/// A village of the area whose name without marks names it alone.
async fn village(world: &World) -> Result<(String, String), Failure> {
    let field = world.open("guard-a").await?;
    let catalogue = field.reference();
    let scope = catalogue.scope_of([AREA]);
    let alone = catalogue.villages_of(AREA).find_map(|village| {
        let typed = sync_core::fold::fold(&village.name);
        (catalogue.find_villages(&typed, Some(&scope), 9).len() == 1).then(|| (typed, village.name.clone()))
    });
    Ok(alone.ok_or("a village")?)
}
