/**
 * The document analysis that {@code ./headrace analyze} runs: {@link io.headrace.examples.analysis.DocumentAnalysis} makes
 * its steps, {@link io.headrace.examples.analysis.ShippedDocuments} holds documents to try it on. Nothing here knows the
 * provider, the dataset's format or the command line.
 */
@NullMarked
package io.headrace.examples.analysis;

import org.jspecify.annotations.NullMarked;
