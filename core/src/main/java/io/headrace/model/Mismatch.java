package io.headrace.model;

/** JSON that does not fit a {@link Shape}. The path grows as it comes out of the nested shapes. */
final class Mismatch extends RuntimeException {

    private final String path;
    private final String reason;

    Mismatch(String reason) {
        this("", reason);
    }

    private Mismatch(String path, String reason) {
        super(null, null, false, false);
        this.path = path;
        this.reason = reason;
    }

    Mismatch in(String step) {
        return new Mismatch(step + path, reason);
    }

    /** Such as {@code $.items[2].price: a number is expected, not a string}. */
    @Override
    public String getMessage() {
        return "$" + path + ": " + reason;
    }
}
