package io.headrace;

/** No item hears of calls here. */
enum NoItem implements ItemWork {
    OUTSIDE,
    IN_CALL;

    @Override
    public boolean handle(Throwable error) {
        return false;
    }

    @Override
    public void callBegan() {}

    @Override
    public void callEnded() {}

    @Override
    public void callParked(ApiException why) {}
}
