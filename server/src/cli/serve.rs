//! `banlang serve`.

use super::{CliError, Context};
use crate::app::AppState;
use crate::coverage::adopt_calendar;
use crate::coverage::calendar::Calendar;
use crate::serve::{Server, stop_signal};

/// Arguments of `banlang serve`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print the settings in force, secrets hidden, and serve nobody
    #[arg(long)]
    print_config: bool,
    /// When there is no database yet, make one with a year of sample data first; say whom to sign in as
    #[arg(long)]
    sample: bool,
}

pub(super) async fn run(args: Args, context: Context) -> Result<(), CliError> {
    if args.print_config {
        println!("{}", context.config.effective().trim_end());
        return Ok(());
    }
    crate::logging::start(&context.config.log, context.config.log_format)?;
    crate::logging::keep_contained_panics_quiet();
    let mut stop = Box::pin(stop_signal()?);
    if args.sample {
        tokio::select! {
            made = crate::sample::command::prepare(&context) => made?,
            () = &mut stop => {
                return Err(CliError::failed(
                    "đã dừng khi chưa tạo xong dữ liệu mẫu; lần chạy sau sẽ làm lại từ đầu",
                    "stopped before the sample data were made; the next run begins anew",
                ));
            }
        }
    }
    let db = context.open_db().await?;
    // The configuration accepts only days that close every month.
    let calendar = Calendar::closing_on(context.config.report_closing_day).unwrap_or_default();
    adopt_calendar(&db, calendar, context.clock.now()).await?;
    let Context { config, lang, clock } = context;
    let app = AppState::new(db.clone(), config, clock);
    let server = Server::bind(app.clone()).await?;
    // For scripts too: the one line on standard output, with the port where 0 was configured.
    println!("{} http://{}", lang.pick("Máy chủ ở", "Listening on"), server.address());
    tracing::info!(address = %server.address(), engine = db.dialect().name(), "listening");
    let readmitting = tokio::spawn(readmit(app));
    let drained = server.run(stop).await;
    readmitting.abort();
    db.close().await;
    tracing::info!("stopped");
    if drained {
        Ok(())
    } else {
        Err(CliError::failed(
            "đã dừng, nhưng có yêu cầu bị cắt ngang vì hết thời gian chờ",
            "stopped, but requests were cut: the grace period was over",
        ))
    }
}

/// Takes in what an older version kept because it did not know its schema, beside serving.
async fn readmit(app: AppState) {
    match crate::quarantine::readmit(&app).await {
        Ok(0) => {}
        Ok(admitted) => tracing::info!(admitted, "changes of a schema that is known now were admitted"),
        // The next start tries again; until then an officer sees them in quarantine.
        Err(problem) => tracing::warn!(code = problem.code(), "changes of a schema that is known now wait"),
    }
}
