"""The pages and figures of Tidegate: read records in, HTML and Plotly figures out; no SQL, no numerics."""
