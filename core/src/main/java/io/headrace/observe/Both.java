package io.headrace.observe;

/** Two listeners, told one after the other. */
record Both(CallListener first, CallListener second) implements CallListener {

    @Override
    public void on(CallEvent event) {
        first.tell(event);
        second.tell(event);
    }

    @Override
    public boolean includes(CallListener other) {
        return this == other || first.includes(other) || second.includes(other);
    }

    @Override
    public CallListener except(CallListener others) {
        return first.except(others).and(second.except(others));
    }
}
