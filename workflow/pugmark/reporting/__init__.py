"""The parts of the report: pictures, pages and templates."""
