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

    @Override
    @SuppressWarnings("ReferenceEquality") // whether they are others than these
    public CallListener forStep(String step) {
        CallListener one = first.forStep(step);
        CallListener two = second.forStep(step);
        return one == first && two == second ? this : one.and(two);
    }
}
