"""The tests: unit, component, integration, engines; CONTRIBUTING.md says what each tier is for."""
