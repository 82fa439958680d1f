"""AIGC: generative models that a visitor can sample, walk through and look inside."""
