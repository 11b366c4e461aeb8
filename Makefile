# Both targets set up what they need on a machine that has Rust, a C compiler, Node, apt and the package registries.
.PHONY: run test web

# Starts the product on embedded SQLite with sample data in ./data; a second run keeps the data.
run: web
	cargo run --locked --release -p server --bin banlang -- serve --sample

# Builds the field app into server/web/dist, from where the program embeds it.
web:
	npm --prefix server/web ci --no-audit --no-fund
	npm --prefix server/web run build

# Every test: both database engines (on a private PostgreSQL of its own), the simulator, the field app in a browser.
test:
	tests/with-postgres tests/all
