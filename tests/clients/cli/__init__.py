"""Claude Code, Codex and Gemini CLI, each as it was published, through a running gateway."""
