"""Training scripts: one a family, each a recipe whose defaults make the checkpoint that ships."""
