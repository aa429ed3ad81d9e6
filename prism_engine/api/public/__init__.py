"""The functions of `import prism_engine as prism`: options by keyword, the shipped registry, runs by name."""
