package io.headrace.provider.anthropic;

/** The next piece of a block, of whatever kind its type says. */
record BlockDelta(String type, String piece) {}
