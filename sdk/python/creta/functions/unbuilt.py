"""Functions that the catalogue names and that no server evaluates yet; asking for one says so."""

FAMILIES = {
    "string similarity": "levenshtein_distance jaro_winkler_distance jaccard_similarity partial_ratio token_set_ratio "
    "token_sort_ratio sequence_matcher_ratio longest_common_subsequence",
    "bytes": "from_snappy to_snappy spooky_hash_v2_32 spooky_hash_v2_64",
    "protobuf and Avro": "proto_serialize proto_deserialize proto_enum_value_to_name proto_timestamp_to_datetime "
    "avro_deserialize",
    "random": "secure_random",
    "sketches": "cpc_sketch cpc_sketch_of cpc_union cpc_cardinality",
    "window functions": "over window trailing cumulative whole_partition centered rows_between row_number rank "
    "percent_rank cume_dist ntile shift cum_sum cum_mean cum_min cum_max cum_count cum_prod",
    "vectors": "cosine_similarity dot_product array_add scale_vector array_normalize",
    "geography": "haversine h3_lat_lon_to_cell h3_cell_to_lat_lon st_point st_polygon st_geometryfromtext "
    "st_linefromtext st_linestring st_multipoint geometry_from_geojson st_astext geometry_as_geojson st_contains "
    "st_crosses st_disjoint st_equals st_intersects st_overlaps st_touches st_within st_relate st_boundary "
    "st_difference st_intersection st_symdifference st_union st_envelopeaspts st_isvalid st_issimple st_isclosed "
    "st_isempty st_isring st_area st_length st_distance st_x st_y st_xmin st_xmax st_ymin st_ymax st_numgeometries "
    "st_numinteriorring st_numpoints st_dimension st_geometrytype st_centroid st_convexhull st_exteriorring "
    "st_envelope st_startpoint st_endpoint st_pointn st_geometryn st_interiorringn st_buffer st_points "
    "st_interiorrings st_geometries geometry_nearest_points",
    "input and output": "http_request http_get http_post http_put http_delete fetch_file fetch_file_raw read_secret",
    "models": "jinja minijinja openai_complete openai_embed bedrock_predict bedrock_embed sagemaker_predict "
    "vertex_predict ai_classify chalk_encoder prompt_jev decision_complete inference onnx_run "
    "sklearn_decision_tree_regressor sklearn_random_forest_regressor sklearn_gradient_boosting_regressor "
    "xgboost_regressor sklearn_decision_tree_classifier sklearn_random_forest_classifier "
    "sklearn_logistic_regression",
    "engine": "call_resolver catalog_call catalog_call_async get_server_context",
}

# Name of the function → its family.
UNBUILT = {name: family for family, names in FAMILIES.items() for name in names.split()}
