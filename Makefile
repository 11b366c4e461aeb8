# Both targets set up what they need on a machine that has Rust, a C compiler, apt and the package registries.
.PHONY: run test

# Starts the product on embedded SQLite with sample data in ./data; a second run keeps the data.
run:
	cargo run --locked --release -p server --bin banlang -- serve --sample

# Every test: both database engines (on a private PostgreSQL of its own), the simulator, the core for the browser.
test:
	tests/with-postgres tests/all
