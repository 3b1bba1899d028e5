package io.headrace.observe;

/** The listener that hears nothing. */
enum Silence implements CallListener {
    INSTANCE;

    @Override
    public void on(CallEvent event) {}

    @Override
    public CallListener and(CallListener next) {
        return next;
    }
}
