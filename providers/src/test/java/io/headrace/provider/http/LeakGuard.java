package io.headrace.provider.http;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a class of tests in which Netty's leak detector found a buffer that nobody gave back: by itself it only logs. JUnit finds it by
 * {@code META-INF/services}, so it is round every class of this module.
 */
public final class LeakGuard implements BeforeAllCallback, AfterAllCallback {

    private static final Queue<String> FOUND = new ConcurrentLinkedQueue<>();

    @Override
    public void beforeAll(ExtensionContext tests) {
        ByteBufUtil.setLeakListener((type, records) -> FOUND.add(type + "\n" + records));
    }

    @Override
    public void afterAll(ExtensionContext tests) {
        if (tests.getParent()
                .filter(parent -> parent.getTestClass().isPresent())
                .isPresent()) {
            return; // one for nested classes and the one round them
        }
        collect(2);
        String first = takeFound();
        if (!first.isEmpty()) {
            throw new AssertionError("a buffer was not given back, in this class of tests or one before it: " + first);
        }
    }

    /** What was found since it was asked last, the first of it; empty for nothing. */
    static String takeFound() {
        String first = FOUND.poll();
        FOUND.clear();
        return first == null ? "" : first;
    }

    /** Has the detector see what is garbage by now. */
    static void collect(int rounds) {
        for (int round = 0; round < rounds; round++) {
            System.gc();
            for (int i = 0; i < 200; i++) { // it reports when a further buffer is made
                ByteBufAllocator.DEFAULT.buffer(64).release();
            }
        }
    }
}
