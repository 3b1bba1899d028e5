package io.headrace.model;

/** How much a model may think before it answers. Which of these a model has, its provider says. */
public enum ReasoningEffort {
    NONE,
    MINIMAL,
    LOW,
    MEDIUM,
    HIGH,
    XHIGH,
    MAX
}
