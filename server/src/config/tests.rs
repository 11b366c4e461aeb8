use super::{Config, LogFormat, Sources};

fn from_environment(name: &str, value: &str) -> Result<Config, String> {
    let environment = vec![(name.to_owned(), value.to_owned())];
    Config::load(&Sources { environment, ..Sources::default() }).map_err(|error| error.to_string())
}

fn from_file(text: &str) -> Result<Config, String> {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("banlang.toml");
    std::fs::write(&path, text).expect("a file");
    Config::load(&Sources { file: Some(path), ..Sources::default() }).map_err(|error| error.to_string())
}

#[test]
fn defaults_are_accepted() {
    let config = Config::load(&Sources::default()).expect("defaults");
    assert_eq!(config.listen.to_string(), "127.0.0.1:8420");
    assert_eq!(config.database(), "sqlite:data/banlang.db");
}

#[test]
fn a_flag_outranks_the_environment_which_outranks_the_file() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("banlang.toml");
    std::fs::write(&path, "page_bytes = 70000\nsign_in_days = 7\nlog_format = 'json'\n").expect("a file");
    let config = Config::load(&Sources {
        file: Some(path),
        environment: vec![
            ("BANLANG_PAGE_BYTES".into(), "80000".into()),
            ("BANLANG_SIGN_IN_DAYS".into(), "8".into()),
            ("BANLANG_LOG_FORMAT".into(), String::new()),
        ],
        flags: vec![("page_bytes".into(), "90000".into())],
    })
    .expect("accepted");
    assert_eq!((config.page_bytes, config.sign_in_days, config.log_format), (90_000, 8, LogFormat::Json));
}

#[test]
fn a_bad_value_is_named_with_its_variable_and_what_is_accepted() {
    for (name, value, accepted) in [
        ("BANLANG_LISTEN", "everywhere", "127.0.0.1:8420"),
        ("BANLANG_REPORT_CLOSING_DAY", "31", "0 to 28"),
        ("BANLANG_REPORT_CLOSING_DAY", "-1", "0 to 28"),
        ("BANLANG_PAGE_BYTES", "1 MiB", "65536"),
        ("BANLANG_TRUSTED_PROXY", "maybe", "true or false"),
        ("BANLANG_LOG_FORMAT", "xml", "text or json"),
        ("BANLANG_LOG", "info,server=loud", "error, warn, info"),
        ("BANLANG_DATABASE_URL", "mysql://u:p@h/d", "postgres://"),
    ] {
        let error = from_environment(name, value).expect_err(name);
        assert!(error.contains(name) && error.contains(accepted), "{error}");
        assert!(!error.contains("u:p"), "{error}");
    }
}

#[test]
fn a_variable_that_is_no_setting_is_refused_with_the_nearest() {
    for (name, nearest) in [
        ("BANLANG_LISTN", "BANLANG_LISTEN"),
        ("BANLANG_DATABASE_URI", "BANLANG_DATABASE_URL"),
        ("BANLANG_LANGUAGE", "BANLANG_LANG"),
    ] {
        let error = from_environment(name, "x").expect_err(name);
        assert!(error.contains(name) && error.contains(nearest), "{error}");
    }
    for name in [
        "BANLANG_TEST_POSTGRES_URL",
        "BANLANG_LANG",
        "BANLANG_STORE",
        "BANLANG_PASSPHRASE",
        "BANLANG_SERVICE_HOST",
        "BANLANG_PORT",
        "BANLANG_PORT_8420_TCP",
        "OTHER",
    ] {
        from_environment(name, "tcp://10.0.0.1:8420").expect(name);
    }
}

#[test]
fn a_name_in_the_file_that_is_no_setting_is_refused() {
    let error = from_file("listn = '127.0.0.1:1'\n").expect_err("a typo");
    assert!(error.contains("listn") && error.contains("listen") && error.contains("banlang.toml"), "{error}");
}

#[test]
fn a_bad_value_in_the_file_is_named_with_the_file() {
    let error = from_file("report_closing_day = 'x'\n").expect_err("no number");
    assert!(error.contains("report_closing_day") && error.contains("banlang.toml"), "{error}");
}

#[test]
fn the_example_file_names_every_setting_and_is_accepted() {
    use confique::Config as _;
    let example = Config::example();
    for field in Config::META.fields {
        assert!(example.contains(&format!("\n#{} =", field.name)), "{}", field.name);
    }
    from_file(&example).expect("accepted");
}

#[test]
fn what_is_printed_hides_passwords() {
    for url in ["postgres://banlang:se:cr@et@db.example/b", "postgres://db.example/b?password=secret"] {
        let config = from_environment("BANLANG_DATABASE_URL", url).expect("accepted");
        let text = config.effective();
        assert!(text.contains("db.example/b") && text.contains("***"), "{text}");
        assert!(!text.contains("et@") && !text.contains("secret"), "{text}");
    }
}

#[test]
fn what_is_printed_is_accepted_as_a_file() {
    let text = Config::load(&Sources::default()).expect("defaults").effective();
    assert_eq!(from_file(&text).expect("accepted").effective(), text);
}
