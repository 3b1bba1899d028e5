package io.headrace.provider.http;

/** A line of a body. {@code toString} does not show it: it may be private. */
public final class BodyLine {

    private final long number;
    private final byte[] bytes;
    private final boolean isTooLong;

    BodyLine(long number, byte[] bytes, boolean isTooLong) {
        this.number = number;
        this.bytes = bytes;
        this.isTooLong = isTooLong;
    }

    /** Its place in the body, from 1. */
    public long number() {
        return number;
    }

    /** Its bytes without its end, not a copy; none if it is too long. */
    public byte[] bytes() {
        return bytes;
    }

    /** Length in bytes. */
    public int length() {
        return bytes.length;
    }

    /** Whether it was longer than may be kept. */
    public boolean isTooLong() {
        return isTooLong;
    }

    @Override
    public String toString() {
        return "BodyLine[" + number + ", " + bytes.length + " bytes]";
    }
}
