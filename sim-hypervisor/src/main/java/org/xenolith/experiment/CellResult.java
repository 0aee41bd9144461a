package org.xenolith.experiment;

/**
 * What a cell left behind.
 *
 * @param cell the cell
 * @param summary its figures
 * @param refused whether it failed because its input was refused, rather than at work
 */
public record CellResult(Cell cell, CellSummary summary, boolean refused) {}
