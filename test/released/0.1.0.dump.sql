--
-- PostgreSQL database dump
--

\restrict wec39drRwJArZpAKzYgKe1MCcD3vhGJDEFrrwKge1iXOcZ6fLW8aMl3AoaBM8z6

-- Dumped from database version 15.20 (Debian 15.20-0+deb12u1)
-- Dumped by pg_dump version 15.20 (Debian 15.20-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: estate; Type: SCHEMA; Schema: -; Owner: postgres
--

CREATE SCHEMA estate;


ALTER SCHEMA estate OWNER TO postgres;

--
-- Name: estate_internal; Type: SCHEMA; Schema: -; Owner: postgres
--

CREATE SCHEMA estate_internal;


ALTER SCHEMA estate_internal OWNER TO postgres;

--
-- Name: SCHEMA estate_internal; Type: COMMENT; Schema: -; Owner: postgres
--

COMMENT ON SCHEMA estate_internal IS 'Queues and bookkeeping of pg_estate; nothing here is meant to be read';


--
-- Name: pg_estate; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS pg_estate WITH SCHEMA estate;


--
-- Name: EXTENSION pg_estate; Type: COMMENT; Schema: -; Owner: 
--

COMMENT ON EXTENSION pg_estate IS 'real-estate analysis system: listing feeds, valuation, jobs and effects in one transaction';


--
-- Name: fails(jsonb); Type: FUNCTION; Schema: public; Owner: postgres
--

CREATE FUNCTION public.fails(args jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE 'ein Ümlaut'; END $$;


ALTER FUNCTION public.fails(args jsonb) OWNER TO postgres;

--
-- Name: note(jsonb); Type: FUNCTION; Schema: public; Owner: postgres
--

CREATE FUNCTION public.note(args jsonb) RETURNS void
    LANGUAGE sql
    AS $$INSERT INTO public.ran VALUES (args)$$;


ALTER FUNCTION public.note(args jsonb) OWNER TO postgres;

--
-- Name: note_all(jsonb[]); Type: FUNCTION; Schema: public; Owner: postgres
--

CREATE FUNCTION public.note_all(args jsonb[]) RETURNS void
    LANGUAGE sql
    AS $$INSERT INTO public.ran SELECT unnest(args)$$;


ALTER FUNCTION public.note_all(args jsonb[]) OWNER TO postgres;

--
-- Name: told(jsonb); Type: FUNCTION; Schema: public; Owner: postgres
--

CREATE FUNCTION public.told(args jsonb) RETURNS jsonb
    LANGUAGE sql
    AS $$SELECT '{"told": true}'::jsonb$$;


ALTER FUNCTION public.told(args jsonb) OWNER TO postgres;

--
-- Name: photos; Type: SERVER; Schema: -; Owner: postgres
--

CREATE SERVER photos FOREIGN DATA WRAPPER estate_target OPTIONS (
    kind 'folder',
    url 'file:///tmp/pg_estate_none'
);


ALTER SERVER photos OWNER TO postgres;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: estimate; Type: TABLE; Schema: estate; Owner: estate_admin
--

CREATE TABLE estate.estimate (
    market_id integer NOT NULL,
    listing bigint NOT NULL,
    model_version integer NOT NULL,
    scored_at timestamp with time zone NOT NULL,
    estimate numeric(14,2) NOT NULL,
    low_80 numeric(14,2) NOT NULL,
    high_80 numeric(14,2) NOT NULL,
    low_90 numeric(14,2) NOT NULL,
    high_90 numeric(14,2) NOT NULL,
    fsd numeric(6,4) NOT NULL,
    confidence character varying(1) NOT NULL
);


ALTER TABLE estate.estimate OWNER TO estate_admin;

--
-- Name: TABLE estimate; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON TABLE estate.estimate IS 'The value of one listing with its interval, by the active model';


--
-- Name: COLUMN estimate.market_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.estimate.market_id IS 'Market of the listing';


--
-- Name: COLUMN estimate.listing; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.estimate.listing IS 'The listing valued';


--
-- Name: COLUMN estimate.model_version; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.estimate.model_version IS 'Version of the model of the listing''s segment';


--
-- Name: COLUMN estimate.scored_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.estimate.scored_at IS 'When it was valued';


--
-- Name: COLUMN estimate.estimate; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.estimate.estimate IS 'Estimated price in the market''s currency';


--
-- Name: COLUMN estimate.low_80; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.estimate.low_80 IS 'Lower end of the 80 percent interval';


--
-- Name: COLUMN estimate.high_80; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.estimate.high_80 IS 'Upper end of the 80 percent interval';


--
-- Name: COLUMN estimate.low_90; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.estimate.low_90 IS 'Lower end of the 90 percent interval';


--
-- Name: COLUMN estimate.high_90; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.estimate.high_90 IS 'Upper end of the 90 percent interval';


--
-- Name: COLUMN estimate.fsd; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.estimate.fsd IS 'Forecast standard deviation: 68 percent of errors are within this fraction of the price';


--
-- Name: COLUMN estimate.confidence; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.estimate.confidence IS 'Grade of the fsd: A up to 0.10, B up to 0.15, C up to 0.20, D up to 0.30, E above';


--
-- Name: listing; Type: TABLE; Schema: estate; Owner: estate_admin
--

CREATE TABLE estate.listing (
    market_id integer NOT NULL,
    id bigint NOT NULL,
    source_system character varying(255) NOT NULL,
    listing_key character varying(255) NOT NULL,
    feed_id integer,
    property bigint,
    listing_id character varying(255),
    originating_system_name character varying(255),
    originating_system_key character varying(255),
    universal_property_id character varying(128),
    parcel_number character varying(50),
    standard_status character varying(50),
    mls_status character varying(100),
    property_type character varying(50),
    property_sub_type character varying(50),
    currency character varying(3) NOT NULL,
    list_price numeric(14,2),
    original_list_price numeric(14,2),
    previous_list_price numeric(14,2),
    close_price numeric(14,2),
    close_date date,
    listing_contract_date date,
    on_market_date date,
    off_market_date date,
    purchase_contract_date date,
    expiration_date date,
    days_on_market integer,
    cumulative_days_on_market integer,
    unparsed_address character varying(255),
    street_number character varying(25),
    street_dir_prefix character varying(15),
    street_name character varying(50),
    street_suffix character varying(25),
    street_dir_suffix character varying(15),
    unit_number character varying(25),
    city character varying(150),
    state_or_province character varying(50),
    postal_code character varying(10),
    county_or_parish character varying(150),
    country character varying(50),
    subdivision_name character varying(50),
    mls_area_major character varying(50),
    latitude double precision,
    longitude double precision,
    bedrooms_total integer,
    bathrooms_total_integer integer,
    bathrooms_full integer,
    bathrooms_half integer,
    living_area numeric(14,2),
    living_area_units character varying(25),
    building_area_total numeric(14,2),
    lot_size_area numeric(16,4),
    lot_size_units character varying(25),
    lot_size_acres numeric(16,4),
    lot_size_square_feet numeric(16,2),
    year_built integer,
    stories_total integer,
    garage_spaces numeric(14,2),
    pool_private_yn boolean,
    waterfront_yn boolean,
    view_yn boolean,
    new_construction_yn boolean,
    association_fee numeric(14,2),
    association_fee_frequency character varying(25),
    tax_annual_amount numeric(14,2),
    appliances text[],
    cooling text[],
    heating text[],
    view text[],
    public_remarks text,
    photos_count integer,
    internet_entire_listing_display_yn boolean,
    internet_address_display_yn boolean,
    list_agent_key character varying(255),
    list_agent_mls_id character varying(25),
    list_agent_full_name character varying(150),
    list_office_key character varying(255),
    list_office_name character varying(255),
    modification_timestamp timestamp with time zone,
    original_entry_timestamp timestamp with time zone,
    photos_change_timestamp timestamp with time zone,
    status_change_timestamp timestamp with time zone,
    price_change_timestamp timestamp with time zone,
    major_change_timestamp timestamp with time zone,
    major_change_type character varying(50),
    extra jsonb DEFAULT '{}'::jsonb NOT NULL,
    content_hash bigint,
    first_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    run_id bigint,
    removed_at timestamp with time zone,
    removed_reason character varying(20),
    living_area_sqft numeric(14,2) GENERATED ALWAYS AS (
CASE living_area_units
    WHEN 'Square Feet'::text THEN living_area
    WHEN 'Square Meters'::text THEN (living_area * 10.7639104)
    ELSE NULL::numeric
END) STORED,
    living_area_sqm numeric(14,2) GENERATED ALWAYS AS (
CASE living_area_units
    WHEN 'Square Feet'::text THEN (living_area * 0.09290304)
    WHEN 'Square Meters'::text THEN living_area
    ELSE NULL::numeric
END) STORED,
    lot_size_sqm numeric(16,2) GENERATED ALWAYS AS (COALESCE(
CASE lot_size_units
    WHEN 'Square Feet'::text THEN (lot_size_area * 0.09290304)
    WHEN 'Square Meters'::text THEN lot_size_area
    WHEN 'Acres'::text THEN (lot_size_area * 4046.8564224)
    WHEN 'Hectares'::text THEN (lot_size_area * (10000)::numeric)
    ELSE NULL::numeric
END, (lot_size_square_feet * 0.09290304), (lot_size_acres * 4046.8564224))) STORED,
    my_score double precision,
    CONSTRAINT listing_latitude_check CHECK (((latitude >= ('-90'::integer)::double precision) AND (latitude <= (90)::double precision))),
    CONSTRAINT listing_longitude_check CHECK (((longitude >= ('-180'::integer)::double precision) AND (longitude <= (180)::double precision)))
);


ALTER TABLE estate.listing OWNER TO estate_admin;

--
-- Name: TABLE listing; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON TABLE estate.listing IS 'The current state of one offer (RESO resource Property); withdrawn listings stay, with removed_at';


--
-- Name: COLUMN listing.market_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.market_id IS 'Market; first part of every key';


--
-- Name: COLUMN listing.id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.id IS 'Key of the listing within pg_estate; other tables call it listing';


--
-- Name: COLUMN listing.source_system; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.source_system IS 'Where the record comes from, by default the name of its feed';


--
-- Name: COLUMN listing.listing_key; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.listing_key IS 'RESO ListingKey: the key of the record at its source';


--
-- Name: COLUMN listing.feed_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.feed_id IS 'Feed that brought the record last';


--
-- Name: COLUMN listing.property; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.property IS 'The home itself, in estate.property';


--
-- Name: COLUMN listing.listing_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.listing_id IS 'RESO ListingId: the MLS number';


--
-- Name: COLUMN listing.originating_system_name; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.originating_system_name IS 'RESO OriginatingSystemName';


--
-- Name: COLUMN listing.originating_system_key; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.originating_system_key IS 'RESO OriginatingSystemKey';


--
-- Name: COLUMN listing.universal_property_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.universal_property_id IS 'RESO UniversalPropertyId';


--
-- Name: COLUMN listing.parcel_number; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.parcel_number IS 'RESO ParcelNumber: the assessor''s number of the parcel';


--
-- Name: COLUMN listing.standard_status; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.standard_status IS 'RESO StandardStatus: Active, Active Under Contract, Canceled, Closed, Coming Soon, Delete, Expired, Hold, Incomplete, Pending or Withdrawn';


--
-- Name: COLUMN listing.mls_status; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.mls_status IS 'RESO MlsStatus: the status in local words';


--
-- Name: COLUMN listing.property_type; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.property_type IS 'RESO PropertyType: Residential, Residential Lease, Land, ...';


--
-- Name: COLUMN listing.property_sub_type; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.property_sub_type IS 'RESO PropertySubType: Single Family Residence, Condominium, ...';


--
-- Name: COLUMN listing.currency; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.currency IS 'ISO 4217 code of the prices, the market''s';


--
-- Name: COLUMN listing.list_price; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.list_price IS 'RESO ListPrice: the asking price';


--
-- Name: COLUMN listing.original_list_price; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.original_list_price IS 'RESO OriginalListPrice';


--
-- Name: COLUMN listing.previous_list_price; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.previous_list_price IS 'RESO PreviousListPrice';


--
-- Name: COLUMN listing.close_price; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.close_price IS 'RESO ClosePrice: what it sold for';


--
-- Name: COLUMN listing.close_date; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.close_date IS 'RESO CloseDate: when the sale closed';


--
-- Name: COLUMN listing.listing_contract_date; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.listing_contract_date IS 'RESO ListingContractDate';


--
-- Name: COLUMN listing.on_market_date; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.on_market_date IS 'RESO OnMarketDate';


--
-- Name: COLUMN listing.off_market_date; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.off_market_date IS 'RESO OffMarketDate';


--
-- Name: COLUMN listing.purchase_contract_date; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.purchase_contract_date IS 'RESO PurchaseContractDate';


--
-- Name: COLUMN listing.expiration_date; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.expiration_date IS 'RESO ExpirationDate';


--
-- Name: COLUMN listing.days_on_market; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.days_on_market IS 'RESO DaysOnMarket, as the source counts';


--
-- Name: COLUMN listing.cumulative_days_on_market; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.cumulative_days_on_market IS 'RESO CumulativeDaysOnMarket, as the source counts';


--
-- Name: COLUMN listing.unparsed_address; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.unparsed_address IS 'RESO UnparsedAddress';


--
-- Name: COLUMN listing.street_number; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.street_number IS 'RESO StreetNumber';


--
-- Name: COLUMN listing.street_dir_prefix; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.street_dir_prefix IS 'RESO StreetDirPrefix';


--
-- Name: COLUMN listing.street_name; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.street_name IS 'RESO StreetName';


--
-- Name: COLUMN listing.street_suffix; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.street_suffix IS 'RESO StreetSuffix';


--
-- Name: COLUMN listing.street_dir_suffix; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.street_dir_suffix IS 'RESO StreetDirSuffix';


--
-- Name: COLUMN listing.unit_number; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.unit_number IS 'RESO UnitNumber';


--
-- Name: COLUMN listing.city; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.city IS 'RESO City';


--
-- Name: COLUMN listing.state_or_province; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.state_or_province IS 'RESO StateOrProvince';


--
-- Name: COLUMN listing.postal_code; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.postal_code IS 'RESO PostalCode';


--
-- Name: COLUMN listing.county_or_parish; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.county_or_parish IS 'RESO CountyOrParish';


--
-- Name: COLUMN listing.country; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.country IS 'RESO Country';


--
-- Name: COLUMN listing.subdivision_name; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.subdivision_name IS 'RESO SubdivisionName';


--
-- Name: COLUMN listing.mls_area_major; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.mls_area_major IS 'RESO MLSAreaMajor';


--
-- Name: COLUMN listing.latitude; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.latitude IS 'RESO Latitude, degrees north (WGS 84)';


--
-- Name: COLUMN listing.longitude; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.longitude IS 'RESO Longitude, degrees east (WGS 84)';


--
-- Name: COLUMN listing.bedrooms_total; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.bedrooms_total IS 'RESO BedroomsTotal';


--
-- Name: COLUMN listing.bathrooms_total_integer; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.bathrooms_total_integer IS 'RESO BathroomsTotalInteger';


--
-- Name: COLUMN listing.bathrooms_full; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.bathrooms_full IS 'RESO BathroomsFull';


--
-- Name: COLUMN listing.bathrooms_half; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.bathrooms_half IS 'RESO BathroomsHalf';


--
-- Name: COLUMN listing.living_area; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.living_area IS 'RESO LivingArea, in living_area_units';


--
-- Name: COLUMN listing.living_area_units; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.living_area_units IS 'RESO LivingAreaUnits: Square Feet or Square Meters; the market''s unit where the record has none';


--
-- Name: COLUMN listing.building_area_total; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.building_area_total IS 'RESO BuildingAreaTotal, in living_area_units';


--
-- Name: COLUMN listing.lot_size_area; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.lot_size_area IS 'RESO LotSizeArea, in lot_size_units';


--
-- Name: COLUMN listing.lot_size_units; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.lot_size_units IS 'RESO LotSizeUnits: Square Feet, Square Meters, Acres or Hectares; the market''s unit where the record has none';


--
-- Name: COLUMN listing.lot_size_acres; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.lot_size_acres IS 'RESO LotSizeAcres';


--
-- Name: COLUMN listing.lot_size_square_feet; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.lot_size_square_feet IS 'RESO LotSizeSquareFeet';


--
-- Name: COLUMN listing.year_built; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.year_built IS 'RESO YearBuilt';


--
-- Name: COLUMN listing.stories_total; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.stories_total IS 'RESO StoriesTotal';


--
-- Name: COLUMN listing.garage_spaces; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.garage_spaces IS 'RESO GarageSpaces';


--
-- Name: COLUMN listing.pool_private_yn; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.pool_private_yn IS 'RESO PoolPrivateYN';


--
-- Name: COLUMN listing.waterfront_yn; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.waterfront_yn IS 'RESO WaterfrontYN';


--
-- Name: COLUMN listing.view_yn; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.view_yn IS 'RESO ViewYN';


--
-- Name: COLUMN listing.new_construction_yn; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.new_construction_yn IS 'RESO NewConstructionYN';


--
-- Name: COLUMN listing.association_fee; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.association_fee IS 'RESO AssociationFee';


--
-- Name: COLUMN listing.association_fee_frequency; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.association_fee_frequency IS 'RESO AssociationFeeFrequency';


--
-- Name: COLUMN listing.tax_annual_amount; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.tax_annual_amount IS 'RESO TaxAnnualAmount';


--
-- Name: COLUMN listing.appliances; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.appliances IS 'RESO Appliances';


--
-- Name: COLUMN listing.cooling; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.cooling IS 'RESO Cooling';


--
-- Name: COLUMN listing.heating; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.heating IS 'RESO Heating';


--
-- Name: COLUMN listing.view; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.view IS 'RESO View: what is seen from the home';


--
-- Name: COLUMN listing.public_remarks; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.public_remarks IS 'RESO PublicRemarks';


--
-- Name: COLUMN listing.photos_count; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.photos_count IS 'RESO PhotosCount';


--
-- Name: COLUMN listing.internet_entire_listing_display_yn; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.internet_entire_listing_display_yn IS 'RESO InternetEntireListingDisplayYN: whether the listing may be shown on the internet';


--
-- Name: COLUMN listing.internet_address_display_yn; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.internet_address_display_yn IS 'RESO InternetAddressDisplayYN: whether its address may be shown';


--
-- Name: COLUMN listing.list_agent_key; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.list_agent_key IS 'RESO ListAgentKey';


--
-- Name: COLUMN listing.list_agent_mls_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.list_agent_mls_id IS 'RESO ListAgentMlsId';


--
-- Name: COLUMN listing.list_agent_full_name; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.list_agent_full_name IS 'RESO ListAgentFullName';


--
-- Name: COLUMN listing.list_office_key; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.list_office_key IS 'RESO ListOfficeKey';


--
-- Name: COLUMN listing.list_office_name; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.list_office_name IS 'RESO ListOfficeName';


--
-- Name: COLUMN listing.modification_timestamp; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.modification_timestamp IS 'RESO ModificationTimestamp: when the source changed the record';


--
-- Name: COLUMN listing.original_entry_timestamp; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.original_entry_timestamp IS 'RESO OriginalEntryTimestamp';


--
-- Name: COLUMN listing.photos_change_timestamp; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.photos_change_timestamp IS 'RESO PhotosChangeTimestamp';


--
-- Name: COLUMN listing.status_change_timestamp; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.status_change_timestamp IS 'RESO StatusChangeTimestamp';


--
-- Name: COLUMN listing.price_change_timestamp; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.price_change_timestamp IS 'RESO PriceChangeTimestamp';


--
-- Name: COLUMN listing.major_change_timestamp; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.major_change_timestamp IS 'RESO MajorChangeTimestamp';


--
-- Name: COLUMN listing.major_change_type; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.major_change_type IS 'RESO MajorChangeType';


--
-- Name: COLUMN listing.extra; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.extra IS 'Fields of the record that no column is mapped to, by their names at the source';


--
-- Name: COLUMN listing.content_hash; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.content_hash IS 'Hash of the mapped record: a record with the same hash is unchanged and not written';


--
-- Name: COLUMN listing.first_seen_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.first_seen_at IS 'When the listing first came';


--
-- Name: COLUMN listing.changed_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.changed_at IS 'When the row was last written';


--
-- Name: COLUMN listing.run_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.run_id IS 'Run that wrote the row last';


--
-- Name: COLUMN listing.removed_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.removed_at IS 'When the source withdrew the record; NULL: it is current';


--
-- Name: COLUMN listing.removed_reason; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.removed_reason IS 'Why it was withdrawn: tombstone, permission or status';


--
-- Name: COLUMN listing.living_area_sqft; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.living_area_sqft IS 'living_area in square feet, for comparing';


--
-- Name: COLUMN listing.living_area_sqm; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.living_area_sqm IS 'living_area in square metres, for comparing';


--
-- Name: COLUMN listing.lot_size_sqm; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing.lot_size_sqm IS 'Size of the lot in square metres, for comparing';


--
-- Name: listing_visible; Type: VIEW; Schema: estate; Owner: estate_admin
--

CREATE VIEW estate.listing_visible WITH (security_invoker='true') AS
 SELECT l.market_id,
    l.id,
    l.source_system,
    l.listing_key,
    l.property,
    l.listing_id,
    l.standard_status,
    l.mls_status,
    l.property_type,
    l.property_sub_type,
    (estate.segment((l.property_type)::text))::character varying(50) AS segment,
    estate.is_for_sale((l.standard_status)::text, (l.property_type)::text) AS for_sale,
    l.currency,
    l.list_price,
    l.original_list_price,
    l.previous_list_price,
    l.close_price,
    l.close_date,
    l.listing_contract_date,
    l.on_market_date,
    l.off_market_date,
    l.purchase_contract_date,
    l.expiration_date,
    l.days_on_market,
    l.cumulative_days_on_market,
    (
        CASE
            WHEN (l.internet_address_display_yn IS NOT FALSE) THEN l.unparsed_address
            ELSE NULL::character varying
        END)::character varying(255) AS unparsed_address,
    (
        CASE
            WHEN (l.internet_address_display_yn IS NOT FALSE) THEN l.street_number
            ELSE NULL::character varying
        END)::character varying(25) AS street_number,
    (
        CASE
            WHEN (l.internet_address_display_yn IS NOT FALSE) THEN l.street_name
            ELSE NULL::character varying
        END)::character varying(50) AS street_name,
    (
        CASE
            WHEN (l.internet_address_display_yn IS NOT FALSE) THEN l.unit_number
            ELSE NULL::character varying
        END)::character varying(25) AS unit_number,
    (
        CASE
            WHEN (l.internet_address_display_yn IS NOT FALSE) THEN l.parcel_number
            ELSE NULL::character varying
        END)::character varying(50) AS parcel_number,
    l.city,
    l.state_or_province,
    l.postal_code,
    l.county_or_parish,
    l.country,
    l.subdivision_name,
    l.mls_area_major,
        CASE
            WHEN (l.internet_address_display_yn IS NOT FALSE) THEN l.latitude
            ELSE (round((l.latitude)::numeric, 2))::double precision
        END AS latitude,
        CASE
            WHEN (l.internet_address_display_yn IS NOT FALSE) THEN l.longitude
            ELSE (round((l.longitude)::numeric, 2))::double precision
        END AS longitude,
    l.bedrooms_total,
    l.bathrooms_total_integer,
    l.bathrooms_full,
    l.bathrooms_half,
    l.living_area,
    l.living_area_units,
    l.living_area_sqft,
    l.living_area_sqm,
    l.lot_size_area,
    l.lot_size_units,
    l.lot_size_sqm,
    l.year_built,
    l.stories_total,
    l.garage_spaces,
    l.pool_private_yn,
    l.waterfront_yn,
    l.view_yn,
    l.new_construction_yn,
    l.association_fee,
    l.association_fee_frequency,
    l.tax_annual_amount,
    l.public_remarks,
    l.photos_count,
    l.list_agent_full_name,
    l.list_office_name,
    l.modification_timestamp,
    l.first_seen_at,
    l.changed_at
   FROM estate.listing l
  WHERE ((l.removed_at IS NULL) AND (l.internet_entire_listing_display_yn IS NOT FALSE));


ALTER TABLE estate.listing_visible OWNER TO estate_admin;

--
-- Name: VIEW listing_visible; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON VIEW estate.listing_visible IS 'Listings that may be shown: not withdrawn, and not kept off the internet. Where the address must not be shown it is NULL and the coordinates are rounded';


--
-- Name: COLUMN listing_visible.market_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.market_id IS 'Market; first part of every key';


--
-- Name: COLUMN listing_visible.id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.id IS 'Key of the listing within pg_estate; other tables call it listing';


--
-- Name: COLUMN listing_visible.source_system; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.source_system IS 'Where the record comes from, by default the name of its feed';


--
-- Name: COLUMN listing_visible.listing_key; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.listing_key IS 'RESO ListingKey: the key of the record at its source';


--
-- Name: COLUMN listing_visible.property; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.property IS 'The home itself, in estate.property';


--
-- Name: COLUMN listing_visible.listing_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.listing_id IS 'RESO ListingId: the MLS number';


--
-- Name: COLUMN listing_visible.standard_status; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.standard_status IS 'RESO StandardStatus: Active, Active Under Contract, Canceled, Closed, Coming Soon, Delete, Expired, Hold, Incomplete, Pending or Withdrawn';


--
-- Name: COLUMN listing_visible.mls_status; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.mls_status IS 'RESO MlsStatus: the status in local words';


--
-- Name: COLUMN listing_visible.property_type; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.property_type IS 'RESO PropertyType: Residential, Residential Lease, Land, ...';


--
-- Name: COLUMN listing_visible.property_sub_type; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.property_sub_type IS 'RESO PropertySubType: Single Family Residence, Condominium, ...';


--
-- Name: COLUMN listing_visible.segment; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.segment IS 'Sale or lease and class of property, as estate.segment() says it: what a model is for';


--
-- Name: COLUMN listing_visible.for_sale; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.for_sale IS 'Whether it can still be bought, as estate.is_for_sale() says it';


--
-- Name: COLUMN listing_visible.currency; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.currency IS 'ISO 4217 code of the prices, the market''s';


--
-- Name: COLUMN listing_visible.list_price; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.list_price IS 'RESO ListPrice: the asking price';


--
-- Name: COLUMN listing_visible.original_list_price; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.original_list_price IS 'RESO OriginalListPrice';


--
-- Name: COLUMN listing_visible.previous_list_price; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.previous_list_price IS 'RESO PreviousListPrice';


--
-- Name: COLUMN listing_visible.close_price; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.close_price IS 'RESO ClosePrice: what it sold for';


--
-- Name: COLUMN listing_visible.close_date; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.close_date IS 'RESO CloseDate: when the sale closed';


--
-- Name: COLUMN listing_visible.listing_contract_date; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.listing_contract_date IS 'RESO ListingContractDate';


--
-- Name: COLUMN listing_visible.on_market_date; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.on_market_date IS 'RESO OnMarketDate';


--
-- Name: COLUMN listing_visible.off_market_date; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.off_market_date IS 'RESO OffMarketDate';


--
-- Name: COLUMN listing_visible.purchase_contract_date; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.purchase_contract_date IS 'RESO PurchaseContractDate';


--
-- Name: COLUMN listing_visible.expiration_date; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.expiration_date IS 'RESO ExpirationDate';


--
-- Name: COLUMN listing_visible.days_on_market; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.days_on_market IS 'RESO DaysOnMarket, as the source counts';


--
-- Name: COLUMN listing_visible.cumulative_days_on_market; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.cumulative_days_on_market IS 'RESO CumulativeDaysOnMarket, as the source counts';


--
-- Name: COLUMN listing_visible.unparsed_address; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.unparsed_address IS 'RESO UnparsedAddress';


--
-- Name: COLUMN listing_visible.street_number; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.street_number IS 'RESO StreetNumber';


--
-- Name: COLUMN listing_visible.street_name; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.street_name IS 'RESO StreetName';


--
-- Name: COLUMN listing_visible.unit_number; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.unit_number IS 'RESO UnitNumber';


--
-- Name: COLUMN listing_visible.parcel_number; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.parcel_number IS 'RESO ParcelNumber: the assessor''s number of the parcel';


--
-- Name: COLUMN listing_visible.city; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.city IS 'RESO City';


--
-- Name: COLUMN listing_visible.state_or_province; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.state_or_province IS 'RESO StateOrProvince';


--
-- Name: COLUMN listing_visible.postal_code; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.postal_code IS 'RESO PostalCode';


--
-- Name: COLUMN listing_visible.county_or_parish; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.county_or_parish IS 'RESO CountyOrParish';


--
-- Name: COLUMN listing_visible.country; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.country IS 'RESO Country';


--
-- Name: COLUMN listing_visible.subdivision_name; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.subdivision_name IS 'RESO SubdivisionName';


--
-- Name: COLUMN listing_visible.mls_area_major; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.mls_area_major IS 'RESO MLSAreaMajor';


--
-- Name: COLUMN listing_visible.latitude; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.latitude IS 'RESO Latitude, degrees north (WGS 84)';


--
-- Name: COLUMN listing_visible.longitude; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.longitude IS 'RESO Longitude, degrees east (WGS 84)';


--
-- Name: COLUMN listing_visible.bedrooms_total; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.bedrooms_total IS 'RESO BedroomsTotal';


--
-- Name: COLUMN listing_visible.bathrooms_total_integer; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.bathrooms_total_integer IS 'RESO BathroomsTotalInteger';


--
-- Name: COLUMN listing_visible.bathrooms_full; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.bathrooms_full IS 'RESO BathroomsFull';


--
-- Name: COLUMN listing_visible.bathrooms_half; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.bathrooms_half IS 'RESO BathroomsHalf';


--
-- Name: COLUMN listing_visible.living_area; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.living_area IS 'RESO LivingArea, in living_area_units';


--
-- Name: COLUMN listing_visible.living_area_units; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.living_area_units IS 'RESO LivingAreaUnits: Square Feet or Square Meters; the market''s unit where the record has none';


--
-- Name: COLUMN listing_visible.living_area_sqft; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.living_area_sqft IS 'living_area in square feet, for comparing';


--
-- Name: COLUMN listing_visible.living_area_sqm; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.living_area_sqm IS 'living_area in square metres, for comparing';


--
-- Name: COLUMN listing_visible.lot_size_area; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.lot_size_area IS 'RESO LotSizeArea, in lot_size_units';


--
-- Name: COLUMN listing_visible.lot_size_units; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.lot_size_units IS 'RESO LotSizeUnits: Square Feet, Square Meters, Acres or Hectares; the market''s unit where the record has none';


--
-- Name: COLUMN listing_visible.lot_size_sqm; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.lot_size_sqm IS 'Size of the lot in square metres, for comparing';


--
-- Name: COLUMN listing_visible.year_built; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.year_built IS 'RESO YearBuilt';


--
-- Name: COLUMN listing_visible.stories_total; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.stories_total IS 'RESO StoriesTotal';


--
-- Name: COLUMN listing_visible.garage_spaces; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.garage_spaces IS 'RESO GarageSpaces';


--
-- Name: COLUMN listing_visible.pool_private_yn; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.pool_private_yn IS 'RESO PoolPrivateYN';


--
-- Name: COLUMN listing_visible.waterfront_yn; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.waterfront_yn IS 'RESO WaterfrontYN';


--
-- Name: COLUMN listing_visible.view_yn; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.view_yn IS 'RESO ViewYN';


--
-- Name: COLUMN listing_visible.new_construction_yn; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.new_construction_yn IS 'RESO NewConstructionYN';


--
-- Name: COLUMN listing_visible.association_fee; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.association_fee IS 'RESO AssociationFee';


--
-- Name: COLUMN listing_visible.association_fee_frequency; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.association_fee_frequency IS 'RESO AssociationFeeFrequency';


--
-- Name: COLUMN listing_visible.tax_annual_amount; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.tax_annual_amount IS 'RESO TaxAnnualAmount';


--
-- Name: COLUMN listing_visible.public_remarks; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.public_remarks IS 'RESO PublicRemarks';


--
-- Name: COLUMN listing_visible.photos_count; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.photos_count IS 'RESO PhotosCount';


--
-- Name: COLUMN listing_visible.list_agent_full_name; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.list_agent_full_name IS 'RESO ListAgentFullName';


--
-- Name: COLUMN listing_visible.list_office_name; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.list_office_name IS 'RESO ListOfficeName';


--
-- Name: COLUMN listing_visible.modification_timestamp; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.modification_timestamp IS 'RESO ModificationTimestamp: when the source changed the record';


--
-- Name: COLUMN listing_visible.first_seen_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.first_seen_at IS 'When the listing first came';


--
-- Name: COLUMN listing_visible.changed_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_visible.changed_at IS 'When the row was last written';


--
-- Name: market; Type: TABLE; Schema: estate; Owner: estate_admin
--

CREATE TABLE estate.market (
    market_id integer NOT NULL,
    name text NOT NULL,
    currency character varying(3) NOT NULL,
    area_unit character varying(4) NOT NULL,
    time_zone text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT market_area_unit_check CHECK (((area_unit)::text = ANY ((ARRAY['sqft'::character varying, 'sqm'::character varying])::text[]))),
    CONSTRAINT market_currency_check CHECK (((currency)::text ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT market_name_check CHECK ((name <> ''::text))
);


ALTER TABLE estate.market OWNER TO estate_admin;

--
-- Name: TABLE market; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON TABLE estate.market IS 'Where prices are comparable: one currency, one unit of area, one time zone; the unit of sharding and of models';


--
-- Name: COLUMN market.market_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.market.market_id IS 'Key of the market, first column of every key of every fact table';


--
-- Name: COLUMN market.name; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.market.name IS 'Name, as functions take it';


--
-- Name: COLUMN market.currency; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.market.currency IS 'ISO 4217 code of all prices of the market';


--
-- Name: COLUMN market.area_unit; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.market.area_unit IS 'Unit of areas whose record does not name one: sqft or sqm';


--
-- Name: COLUMN market.time_zone; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.market.time_zone IS 'Zone of timestamps whose record does not name one, and of the market''s days';


--
-- Name: COLUMN market.created_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.market.created_at IS 'When the market was created';


--
-- Name: scored_listing; Type: VIEW; Schema: estate; Owner: estate_admin
--

CREATE VIEW estate.scored_listing WITH (security_invoker='true') AS
 WITH scored AS (
         SELECT v.market_id,
            v.id,
            v.source_system,
            v.listing_key,
            v.property,
            v.listing_id,
            v.standard_status,
            v.mls_status,
            v.property_type,
            v.property_sub_type,
            v.segment,
            v.for_sale,
            v.currency,
            v.list_price,
            v.original_list_price,
            v.previous_list_price,
            v.close_price,
            v.close_date,
            v.listing_contract_date,
            v.on_market_date,
            v.off_market_date,
            v.purchase_contract_date,
            v.expiration_date,
            v.days_on_market,
            v.cumulative_days_on_market,
            v.unparsed_address,
            v.street_number,
            v.street_name,
            v.unit_number,
            v.parcel_number,
            v.city,
            v.state_or_province,
            v.postal_code,
            v.county_or_parish,
            v.country,
            v.subdivision_name,
            v.mls_area_major,
            v.latitude,
            v.longitude,
            v.bedrooms_total,
            v.bathrooms_total_integer,
            v.bathrooms_full,
            v.bathrooms_half,
            v.living_area,
            v.living_area_units,
            v.living_area_sqft,
            v.living_area_sqm,
            v.lot_size_area,
            v.lot_size_units,
            v.lot_size_sqm,
            v.year_built,
            v.stories_total,
            v.garage_spaces,
            v.pool_private_yn,
            v.waterfront_yn,
            v.view_yn,
            v.new_construction_yn,
            v.association_fee,
            v.association_fee_frequency,
            v.tax_annual_amount,
            v.public_remarks,
            v.photos_count,
            v.list_agent_full_name,
            v.list_office_name,
            v.modification_timestamp,
            v.first_seen_at,
            v.changed_at,
            m.name,
            m.area_unit,
            e.estimate,
            e.low_80,
            e.high_80,
            e.low_90,
            e.high_90,
            e.fsd,
            e.confidence,
            e.model_version,
            e.scored_at,
            COALESCE(
                CASE
                    WHEN (NOT v.for_sale) THEN v.close_price
                    ELSE NULL::numeric
                END, v.list_price) AS price,
                CASE m.area_unit
                    WHEN 'sqm'::text THEN v.living_area_sqm
                    ELSE v.living_area_sqft
                END AS area,
                CASE
                    WHEN (v.list_price > (0)::numeric) THEN ((e.estimate - v.list_price) / e.estimate)
                    ELSE NULL::numeric
                END AS below,
                CASE
                    WHEN ((v.list_price > (0)::numeric) AND (e.fsd > (0)::numeric)) THEN ((e.estimate - v.list_price) / (e.fsd * e.estimate))
                    ELSE NULL::numeric
                END AS advantage
           FROM ((estate.listing_visible v
             JOIN estate.market m ON ((m.market_id = v.market_id)))
             LEFT JOIN estate.estimate e ON (((e.market_id = v.market_id) AND (e.listing = v.id) AND (e.estimate > (0)::numeric))))
        )
 SELECT s.market_id,
    s.id,
    (s.name)::character varying(255) AS market,
    s.source_system,
    s.listing_key,
    s.listing_id,
    s.standard_status,
    s.property_type,
    s.property_sub_type,
    s.segment,
    s.for_sale,
    s.unparsed_address,
    s.city,
    s.state_or_province,
    s.postal_code,
    s.latitude,
    s.longitude,
    s.bedrooms_total,
    s.bathrooms_total_integer,
    s.living_area_sqft,
    s.living_area_sqm,
    s.lot_size_sqm,
    s.year_built,
    s.photos_count,
    s.on_market_date,
    s.days_on_market,
    s.close_date,
    s.currency,
    s.list_price,
    s.close_price,
    s.estimate,
    s.low_80,
    s.high_80,
    s.low_90,
    s.high_90,
    s.fsd,
    s.confidence,
    (
        CASE
            WHEN (s.below IS NOT NULL) THEN GREATEST(LEAST(((100)::numeric * s.below), 99999.99), '-99999.99'::numeric)
            ELSE NULL::numeric
        END)::numeric(7,2) AS below_estimate_pct,
    (
        CASE
            WHEN (s.advantage IS NOT NULL) THEN GREATEST(LEAST(s.advantage, 9999.999), '-9999.999'::numeric)
            ELSE NULL::numeric
        END)::numeric(7,3) AS deal_score,
    (
        CASE
            WHEN (s.for_sale AND (s.advantage IS NOT NULL)) THEN ((100)::double precision * percent_rank() OVER (PARTITION BY s.market_id, s.segment, (s.for_sale AND (s.advantage IS NOT NULL)) ORDER BY s.advantage))
            ELSE NULL::double precision
        END)::numeric(5,2) AS deal_percentile,
    (
        CASE
            WHEN ((s.price > (0)::numeric) AND (s.area > (0)::numeric)) THEN LEAST((s.price / s.area), 999999999999.99)
            ELSE NULL::numeric
        END)::numeric(14,2) AS price_per_area,
    s.model_version,
    s.scored_at,
    s.changed_at
   FROM scored s;


ALTER TABLE estate.scored_listing OWNER TO estate_admin;

--
-- Name: VIEW scored_listing; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON VIEW estate.scored_listing IS 'One row for each visible listing: facts, estimate with its intervals, and what the estimate says about the asking price; NULL where no model values it';


--
-- Name: COLUMN scored_listing.market_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.market_id IS 'Market; first part of every key';


--
-- Name: COLUMN scored_listing.id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.id IS 'Key of the listing within pg_estate; other tables call it listing';


--
-- Name: COLUMN scored_listing.market; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.market IS 'Name of the market';


--
-- Name: COLUMN scored_listing.source_system; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.source_system IS 'Where the record comes from, by default the name of its feed';


--
-- Name: COLUMN scored_listing.listing_key; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.listing_key IS 'RESO ListingKey: the key of the record at its source';


--
-- Name: COLUMN scored_listing.listing_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.listing_id IS 'RESO ListingId: the MLS number';


--
-- Name: COLUMN scored_listing.standard_status; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.standard_status IS 'RESO StandardStatus: Active, Active Under Contract, Canceled, Closed, Coming Soon, Delete, Expired, Hold, Incomplete, Pending or Withdrawn';


--
-- Name: COLUMN scored_listing.property_type; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.property_type IS 'RESO PropertyType: Residential, Residential Lease, Land, ...';


--
-- Name: COLUMN scored_listing.property_sub_type; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.property_sub_type IS 'RESO PropertySubType: Single Family Residence, Condominium, ...';


--
-- Name: COLUMN scored_listing.segment; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.segment IS 'Sale or lease and class of property, as estate.segment() says it: what a model is for';


--
-- Name: COLUMN scored_listing.for_sale; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.for_sale IS 'Whether it can still be bought, as estate.is_for_sale() says it';


--
-- Name: COLUMN scored_listing.unparsed_address; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.unparsed_address IS 'RESO UnparsedAddress';


--
-- Name: COLUMN scored_listing.city; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.city IS 'RESO City';


--
-- Name: COLUMN scored_listing.state_or_province; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.state_or_province IS 'RESO StateOrProvince';


--
-- Name: COLUMN scored_listing.postal_code; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.postal_code IS 'RESO PostalCode';


--
-- Name: COLUMN scored_listing.latitude; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.latitude IS 'RESO Latitude, degrees north (WGS 84)';


--
-- Name: COLUMN scored_listing.longitude; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.longitude IS 'RESO Longitude, degrees east (WGS 84)';


--
-- Name: COLUMN scored_listing.bedrooms_total; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.bedrooms_total IS 'RESO BedroomsTotal';


--
-- Name: COLUMN scored_listing.bathrooms_total_integer; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.bathrooms_total_integer IS 'RESO BathroomsTotalInteger';


--
-- Name: COLUMN scored_listing.living_area_sqft; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.living_area_sqft IS 'living_area in square feet, for comparing';


--
-- Name: COLUMN scored_listing.living_area_sqm; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.living_area_sqm IS 'living_area in square metres, for comparing';


--
-- Name: COLUMN scored_listing.lot_size_sqm; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.lot_size_sqm IS 'Size of the lot in square metres, for comparing';


--
-- Name: COLUMN scored_listing.year_built; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.year_built IS 'RESO YearBuilt';


--
-- Name: COLUMN scored_listing.photos_count; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.photos_count IS 'RESO PhotosCount';


--
-- Name: COLUMN scored_listing.on_market_date; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.on_market_date IS 'RESO OnMarketDate';


--
-- Name: COLUMN scored_listing.days_on_market; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.days_on_market IS 'RESO DaysOnMarket, as the source counts';


--
-- Name: COLUMN scored_listing.close_date; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.close_date IS 'RESO CloseDate: when the sale closed';


--
-- Name: COLUMN scored_listing.currency; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.currency IS 'ISO 4217 code of the prices, the market''s';


--
-- Name: COLUMN scored_listing.list_price; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.list_price IS 'RESO ListPrice: the asking price';


--
-- Name: COLUMN scored_listing.close_price; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.close_price IS 'RESO ClosePrice: what it sold for';


--
-- Name: COLUMN scored_listing.estimate; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.estimate IS 'Estimated price in the market''s currency';


--
-- Name: COLUMN scored_listing.low_80; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.low_80 IS 'Lower end of the 80 percent interval';


--
-- Name: COLUMN scored_listing.high_80; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.high_80 IS 'Upper end of the 80 percent interval';


--
-- Name: COLUMN scored_listing.low_90; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.low_90 IS 'Lower end of the 90 percent interval';


--
-- Name: COLUMN scored_listing.high_90; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.high_90 IS 'Upper end of the 90 percent interval';


--
-- Name: COLUMN scored_listing.fsd; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.fsd IS 'Forecast standard deviation: 68 percent of errors are within this fraction of the price';


--
-- Name: COLUMN scored_listing.confidence; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.confidence IS 'Grade of the fsd: A up to 0.10, B up to 0.15, C up to 0.20, D up to 0.30, E above';


--
-- Name: COLUMN scored_listing.below_estimate_pct; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.below_estimate_pct IS 'How far the asking price is below the estimate, in percent of the estimate; negative: above';


--
-- Name: COLUMN scored_listing.deal_score; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.deal_score IS '(estimate - asking price) / (fsd x estimate): how far below the estimate, in units of what the estimate may err';


--
-- Name: COLUMN scored_listing.deal_percentile; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.deal_percentile IS 'Percent of the listings for sale in the same market and segment with a lower deal_score';


--
-- Name: COLUMN scored_listing.price_per_area; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.price_per_area IS 'Asking price, or closing price of what is sold, for one unit of living area (area_unit of the market)';


--
-- Name: COLUMN scored_listing.model_version; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.model_version IS 'Version of the model of the listing''s segment';


--
-- Name: COLUMN scored_listing.scored_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.scored_at IS 'When it was valued';


--
-- Name: COLUMN scored_listing.changed_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.scored_listing.changed_at IS 'When the row was last written';


--
-- Name: deal; Type: VIEW; Schema: estate; Owner: estate_admin
--

CREATE VIEW estate.deal WITH (security_invoker='true') AS
 SELECT s.market_id,
    s.id,
    s.market,
    s.source_system,
    s.listing_key,
    s.listing_id,
    s.standard_status,
    s.property_type,
    s.property_sub_type,
    s.segment,
    s.for_sale,
    s.unparsed_address,
    s.city,
    s.state_or_province,
    s.postal_code,
    s.latitude,
    s.longitude,
    s.bedrooms_total,
    s.bathrooms_total_integer,
    s.living_area_sqft,
    s.living_area_sqm,
    s.lot_size_sqm,
    s.year_built,
    s.photos_count,
    s.on_market_date,
    s.days_on_market,
    s.close_date,
    s.currency,
    s.list_price,
    s.close_price,
    s.estimate,
    s.low_80,
    s.high_80,
    s.low_90,
    s.high_90,
    s.fsd,
    s.confidence,
    s.below_estimate_pct,
    s.deal_score,
    s.deal_percentile,
    s.price_per_area,
    s.model_version,
    s.scored_at,
    s.changed_at
   FROM estate.scored_listing s
  WHERE (s.for_sale AND (s.below_estimate_pct > (0)::numeric));


ALTER TABLE estate.deal OWNER TO estate_admin;

--
-- Name: VIEW deal; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON VIEW estate.deal IS 'Listings for sale whose asking price is below the estimate; the best have the highest deal_score';


--
-- Name: COLUMN deal.market_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.market_id IS 'Market; first part of every key';


--
-- Name: COLUMN deal.id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.id IS 'Key of the listing within pg_estate; other tables call it listing';


--
-- Name: COLUMN deal.market; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.market IS 'Name of the market';


--
-- Name: COLUMN deal.source_system; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.source_system IS 'Where the record comes from, by default the name of its feed';


--
-- Name: COLUMN deal.listing_key; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.listing_key IS 'RESO ListingKey: the key of the record at its source';


--
-- Name: COLUMN deal.listing_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.listing_id IS 'RESO ListingId: the MLS number';


--
-- Name: COLUMN deal.standard_status; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.standard_status IS 'RESO StandardStatus: Active, Active Under Contract, Canceled, Closed, Coming Soon, Delete, Expired, Hold, Incomplete, Pending or Withdrawn';


--
-- Name: COLUMN deal.property_type; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.property_type IS 'RESO PropertyType: Residential, Residential Lease, Land, ...';


--
-- Name: COLUMN deal.property_sub_type; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.property_sub_type IS 'RESO PropertySubType: Single Family Residence, Condominium, ...';


--
-- Name: COLUMN deal.segment; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.segment IS 'Sale or lease and class of property, as estate.segment() says it: what a model is for';


--
-- Name: COLUMN deal.for_sale; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.for_sale IS 'Whether it can still be bought, as estate.is_for_sale() says it';


--
-- Name: COLUMN deal.unparsed_address; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.unparsed_address IS 'RESO UnparsedAddress';


--
-- Name: COLUMN deal.city; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.city IS 'RESO City';


--
-- Name: COLUMN deal.state_or_province; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.state_or_province IS 'RESO StateOrProvince';


--
-- Name: COLUMN deal.postal_code; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.postal_code IS 'RESO PostalCode';


--
-- Name: COLUMN deal.latitude; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.latitude IS 'RESO Latitude, degrees north (WGS 84)';


--
-- Name: COLUMN deal.longitude; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.longitude IS 'RESO Longitude, degrees east (WGS 84)';


--
-- Name: COLUMN deal.bedrooms_total; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.bedrooms_total IS 'RESO BedroomsTotal';


--
-- Name: COLUMN deal.bathrooms_total_integer; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.bathrooms_total_integer IS 'RESO BathroomsTotalInteger';


--
-- Name: COLUMN deal.living_area_sqft; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.living_area_sqft IS 'living_area in square feet, for comparing';


--
-- Name: COLUMN deal.living_area_sqm; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.living_area_sqm IS 'living_area in square metres, for comparing';


--
-- Name: COLUMN deal.lot_size_sqm; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.lot_size_sqm IS 'Size of the lot in square metres, for comparing';


--
-- Name: COLUMN deal.year_built; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.year_built IS 'RESO YearBuilt';


--
-- Name: COLUMN deal.photos_count; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.photos_count IS 'RESO PhotosCount';


--
-- Name: COLUMN deal.on_market_date; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.on_market_date IS 'RESO OnMarketDate';


--
-- Name: COLUMN deal.days_on_market; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.days_on_market IS 'RESO DaysOnMarket, as the source counts';


--
-- Name: COLUMN deal.close_date; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.close_date IS 'RESO CloseDate: when the sale closed';


--
-- Name: COLUMN deal.currency; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.currency IS 'ISO 4217 code of the prices, the market''s';


--
-- Name: COLUMN deal.list_price; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.list_price IS 'RESO ListPrice: the asking price';


--
-- Name: COLUMN deal.close_price; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.close_price IS 'RESO ClosePrice: what it sold for';


--
-- Name: COLUMN deal.estimate; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.estimate IS 'Estimated price in the market''s currency';


--
-- Name: COLUMN deal.low_80; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.low_80 IS 'Lower end of the 80 percent interval';


--
-- Name: COLUMN deal.high_80; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.high_80 IS 'Upper end of the 80 percent interval';


--
-- Name: COLUMN deal.low_90; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.low_90 IS 'Lower end of the 90 percent interval';


--
-- Name: COLUMN deal.high_90; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.high_90 IS 'Upper end of the 90 percent interval';


--
-- Name: COLUMN deal.fsd; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.fsd IS 'Forecast standard deviation: 68 percent of errors are within this fraction of the price';


--
-- Name: COLUMN deal.confidence; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.confidence IS 'Grade of the fsd: A up to 0.10, B up to 0.15, C up to 0.20, D up to 0.30, E above';


--
-- Name: COLUMN deal.below_estimate_pct; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.below_estimate_pct IS 'How far the asking price is below the estimate, in percent of the estimate; negative: above';


--
-- Name: COLUMN deal.deal_score; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.deal_score IS '(estimate - asking price) / (fsd x estimate): how far below the estimate, in units of what the estimate may err';


--
-- Name: COLUMN deal.deal_percentile; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.deal_percentile IS 'Percent of the listings for sale in the same market and segment with a lower deal_score';


--
-- Name: COLUMN deal.price_per_area; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.price_per_area IS 'Asking price, or closing price of what is sold, for one unit of living area (area_unit of the market)';


--
-- Name: COLUMN deal.model_version; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.model_version IS 'Version of the model of the listing''s segment';


--
-- Name: COLUMN deal.scored_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.scored_at IS 'When it was valued';


--
-- Name: COLUMN deal.changed_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.deal.changed_at IS 'When the row was last written';


--
-- Name: feed; Type: TABLE; Schema: estate; Owner: postgres
--

CREATE TABLE estate.feed (
    feed_id integer NOT NULL,
    name text NOT NULL,
    market_id integer NOT NULL,
    source_system character varying(255) NOT NULL,
    preset character varying(20) NOT NULL,
    url text,
    server text,
    mapping jsonb,
    every interval,
    options jsonb DEFAULT '{}'::jsonb NOT NULL,
    paused boolean DEFAULT false NOT NULL,
    owner regrole NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT feed_every_check CHECK ((every >= '00:00:01'::interval)),
    CONSTRAINT feed_name_check CHECK ((name <> ''::text)),
    CONSTRAINT feed_options_check CHECK ((jsonb_typeof(options) = 'object'::text)),
    CONSTRAINT feed_source_system_check CHECK (((source_system)::text <> ''::text))
);


ALTER TABLE estate.feed OWNER TO postgres;

--
-- Name: TABLE feed; Type: COMMENT; Schema: estate; Owner: postgres
--

COMMENT ON TABLE estate.feed IS 'Where listings come from: a URL, a preset, a mapping. A feed has one market, for ever';


--
-- Name: COLUMN feed.feed_id; Type: COMMENT; Schema: estate; Owner: postgres
--

COMMENT ON COLUMN estate.feed.feed_id IS 'Key of the feed';


--
-- Name: COLUMN feed.name; Type: COMMENT; Schema: estate; Owner: postgres
--

COMMENT ON COLUMN estate.feed.name IS 'Name, as functions take it';


--
-- Name: COLUMN feed.market_id; Type: COMMENT; Schema: estate; Owner: postgres
--

COMMENT ON COLUMN estate.feed.market_id IS 'Market that the feed''s listings belong to';


--
-- Name: COLUMN feed.source_system; Type: COMMENT; Schema: estate; Owner: postgres
--

COMMENT ON COLUMN estate.feed.source_system IS 'First part of the key of the feed''s listings, by default the feed''s name';


--
-- Name: COLUMN feed.preset; Type: COMMENT; Schema: estate; Owner: postgres
--

COMMENT ON COLUMN estate.feed.preset IS 'How records are read: csv or reso';


--
-- Name: COLUMN feed.url; Type: COMMENT; Schema: estate; Owner: postgres
--

COMMENT ON COLUMN estate.feed.url IS 'http, https or file URL; NULL for a feed that only push_feed() fills. No secrets';


--
-- Name: COLUMN feed.server; Type: COMMENT; Schema: estate; Owner: postgres
--

COMMENT ON COLUMN estate.feed.server IS 'Name of the SERVER (foreign data wrapper estate_target) whose user mapping holds the credential';


--
-- Name: COLUMN feed.mapping; Type: COMMENT; Schema: estate; Owner: postgres
--

COMMENT ON COLUMN estate.feed.mapping IS 'Target column -> source; NULL: by names and synonyms';


--
-- Name: COLUMN feed.every; Type: COMMENT; Schema: estate; Owner: postgres
--

COMMENT ON COLUMN estate.feed.every IS 'How often the workers run the feed; NULL: only on request';


--
-- Name: COLUMN feed.options; Type: COMMENT; Schema: estate; Owner: postgres
--

COMMENT ON COLUMN estate.feed.options IS 'Further options, see create_feed()';


--
-- Name: COLUMN feed.paused; Type: COMMENT; Schema: estate; Owner: postgres
--

COMMENT ON COLUMN estate.feed.paused IS 'Whether the feed is paused';


--
-- Name: COLUMN feed.owner; Type: COMMENT; Schema: estate; Owner: postgres
--

COMMENT ON COLUMN estate.feed.owner IS 'Role that created or last altered the feed: it is run with the rights of this role';


--
-- Name: COLUMN feed.created_at; Type: COMMENT; Schema: estate; Owner: postgres
--

COMMENT ON COLUMN estate.feed.created_at IS 'When the feed was created';


--
-- Name: feed_feed_id_seq; Type: SEQUENCE; Schema: estate; Owner: postgres
--

ALTER TABLE estate.feed ALTER COLUMN feed_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME estate.feed_feed_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: feed_reject; Type: TABLE; Schema: estate; Owner: estate_admin
--

CREATE TABLE estate.feed_reject (
    reject_id bigint NOT NULL,
    feed_id integer NOT NULL,
    run_id bigint,
    at timestamp with time zone NOT NULL,
    listing_key text,
    field text,
    reason_code character varying(20) NOT NULL,
    reason text NOT NULL,
    raw text NOT NULL,
    resolved_at timestamp with time zone
);


ALTER TABLE estate.feed_reject OWNER TO estate_admin;

--
-- Name: TABLE feed_reject; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON TABLE estate.feed_reject IS 'Records that could not be applied, with reason and raw text; estate.replay_rejects() tries them again. Settled ones are deleted after 90 days';


--
-- Name: COLUMN feed_reject.reject_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_reject.reject_id IS 'Key of the reject';


--
-- Name: COLUMN feed_reject.feed_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_reject.feed_id IS 'Feed that the record came from';


--
-- Name: COLUMN feed_reject.run_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_reject.run_id IS 'Run that saw the record';


--
-- Name: COLUMN feed_reject.at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_reject.at IS 'When the record was rejected';


--
-- Name: COLUMN feed_reject.listing_key; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_reject.listing_key IS 'Key of the record, if it could be read';


--
-- Name: COLUMN feed_reject.field; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_reject.field IS 'Target column, or field of the source, that was at fault';


--
-- Name: COLUMN feed_reject.reason_code; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_reject.reason_code IS 'bad_key, bad_type, out_of_range, required_missing, bad_encoding, ragged_row, malformed, too_large, or refused (by a constraint or a trigger of the tables)';


--
-- Name: COLUMN feed_reject.reason; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_reject.reason IS 'What was wrong, in words';


--
-- Name: COLUMN feed_reject.raw; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_reject.raw IS 'The record as it came (bytes that are not text are written as \xHH)';


--
-- Name: COLUMN feed_reject.resolved_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_reject.resolved_at IS 'When a later record or a replay put the listing right';


--
-- Name: feed_reject_reject_id_seq; Type: SEQUENCE; Schema: estate; Owner: estate_admin
--

ALTER TABLE estate.feed_reject ALTER COLUMN reject_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME estate.feed_reject_reject_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: feed_run; Type: TABLE; Schema: estate; Owner: estate_admin
--

CREATE TABLE estate.feed_run (
    run_id bigint NOT NULL,
    feed_id integer NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    outcome character varying(20) NOT NULL,
    pages integer DEFAULT 0 NOT NULL,
    seen bigint DEFAULT 0 NOT NULL,
    inserted bigint DEFAULT 0 NOT NULL,
    updated bigint DEFAULT 0 NOT NULL,
    unchanged bigint DEFAULT 0 NOT NULL,
    deleted bigint DEFAULT 0 NOT NULL,
    rejected bigint DEFAULT 0 NOT NULL,
    bytes bigint DEFAULT 0 NOT NULL,
    error text,
    CONSTRAINT feed_run_outcome_check CHECK (((outcome)::text = ANY ((ARRAY['running'::character varying, 'done'::character varying, 'unmodified'::character varying, 'failed'::character varying, 'interrupted'::character varying])::text[])))
);


ALTER TABLE estate.feed_run OWNER TO estate_admin;

--
-- Name: TABLE feed_run; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON TABLE estate.feed_run IS 'One run of a feed; seen = inserted + updated + unchanged + deleted + rejected. Of each feed the last 1000 are kept, and all of the last 90 days';


--
-- Name: COLUMN feed_run.run_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_run.run_id IS 'Key of the run, ascending';


--
-- Name: COLUMN feed_run.feed_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_run.feed_id IS 'Feed that was run';


--
-- Name: COLUMN feed_run.started_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_run.started_at IS 'When the run started';


--
-- Name: COLUMN feed_run.ended_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_run.ended_at IS 'When the run ended; NULL while it runs';


--
-- Name: COLUMN feed_run.outcome; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_run.outcome IS 'running, done, unmodified, failed, or interrupted (the server stopped; a later run took over at its cursor)';


--
-- Name: COLUMN feed_run.pages; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_run.pages IS 'Pages applied, a transaction each';


--
-- Name: COLUMN feed_run.seen; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_run.seen IS 'Records seen';


--
-- Name: COLUMN feed_run.inserted; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_run.inserted IS 'Listings that were new';


--
-- Name: COLUMN feed_run.updated; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_run.updated IS 'Listings that had changed';


--
-- Name: COLUMN feed_run.unchanged; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_run.unchanged IS 'Records that were the same as, or older than, what is known: nothing was written';


--
-- Name: COLUMN feed_run.deleted; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_run.deleted IS 'Listings that the feed withdrew; their rows stay, with removed_at';


--
-- Name: COLUMN feed_run.rejected; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_run.rejected IS 'Records that could not be applied, in feed_reject';


--
-- Name: COLUMN feed_run.bytes; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_run.bytes IS 'Bytes read, decompressed';


--
-- Name: COLUMN feed_run.error; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_run.error IS 'Why the run failed';


--
-- Name: feed_run_run_id_seq; Type: SEQUENCE; Schema: estate; Owner: estate_admin
--

ALTER TABLE estate.feed_run ALTER COLUMN run_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME estate.feed_run_run_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: feed_cursor; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.feed_cursor (
    feed_id integer NOT NULL,
    next_url text,
    watermark text,
    pending_watermark text,
    etag text,
    last_modified text,
    run_id bigint,
    header text,
    failures integer DEFAULT 0 NOT NULL,
    last_error text
);


ALTER TABLE estate_internal.feed_cursor OWNER TO postgres;

--
-- Name: TABLE feed_cursor; Type: COMMENT; Schema: estate_internal; Owner: postgres
--

COMMENT ON TABLE estate_internal.feed_cursor IS 'Where the next page of a feed begins; written in the transaction of the page before it';


--
-- Name: job_open; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_open (
    id bigint NOT NULL,
    handler text NOT NULL,
    queue text NOT NULL,
    priority smallint NOT NULL,
    max_attempts integer NOT NULL,
    role regrole NOT NULL,
    enqueued_at timestamp with time zone NOT NULL,
    args jsonb NOT NULL,
    run_at timestamp with time zone NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    effect_key uuid,
    unique_key text,
    unique_until text,
    timeout interval,
    backoff interval[],
    tags text[],
    errors jsonb,
    alone boolean,
    waited smallint,
    done_by "char" NOT NULL,
    waits_for character varying(4) NOT NULL,
    held_key text,
    blockers integer,
    lease_token bigint,
    leased_until timestamp with time zone,
    leased_to text,
    CONSTRAINT job_open_done_by_check CHECK ((done_by = ANY (ARRAY['s'::"char", 'n'::"char", 'x'::"char"]))),
    CONSTRAINT job_open_waits_for_check CHECK (((waits_for)::text = ANY ((ARRAY['time'::character varying, 'key'::character varying, 'jobs'::character varying])::text[])))
);


ALTER TABLE estate_internal.job_open OWNER TO postgres;

--
-- Name: TABLE job_open; Type: COMMENT; Schema: estate_internal; Owner: postgres
--

COMMENT ON TABLE estate_internal.job_open IS 'Jobs that wait for a time, a limit or other jobs, those of the network and those of other programs; read them through estate.job';


--
-- Name: job_unique; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_unique (
    unique_key text NOT NULL,
    role regrole NOT NULL,
    job bigint NOT NULL,
    until timestamp with time zone
);


ALTER TABLE estate_internal.job_unique OWNER TO postgres;

--
-- Name: TABLE job_unique; Type: COMMENT; Schema: estate_internal; Owner: postgres
--

COMMENT ON TABLE estate_internal.job_unique IS 'Unique keys that are taken';


--
-- Name: feed_status; Type: VIEW; Schema: estate; Owner: estate_admin
--

CREATE VIEW estate.feed_status AS
 SELECT f.feed_id,
    f.name,
    m.name AS market,
    f.preset,
    (
        CASE
            WHEN f.paused THEN 'paused'::text
            WHEN ((r.outcome)::text = 'running'::text) THEN 'running'::text
            WHEN ((c.failures > 0) AND (f.every IS NOT NULL)) THEN 'backoff'::text
            WHEN (c.failures > 0) THEN 'failed'::text
            WHEN w.waiting THEN 'waiting'::text
            ELSE 'idle'::text
        END)::character varying(10) AS state,
    r.run_id,
    r.started_at,
    r.ended_at,
    r.outcome,
    r.seen,
    r.inserted,
    r.updated,
    r.unchanged,
    r.deleted,
    r.rejected,
    ( SELECT count(*) AS count
           FROM estate.feed_reject j
          WHERE ((j.feed_id = f.feed_id) AND (j.resolved_at IS NULL))) AS open_rejects,
    c.failures,
    c.last_error,
    w.next_run_at
   FROM ((((estate.feed f
     JOIN estate.market m ON ((m.market_id = f.market_id)))
     JOIN estate_internal.feed_cursor c ON ((c.feed_id = f.feed_id)))
     LEFT JOIN LATERAL ( SELECT feed_run.run_id,
            feed_run.feed_id,
            feed_run.started_at,
            feed_run.ended_at,
            feed_run.outcome,
            feed_run.pages,
            feed_run.seen,
            feed_run.inserted,
            feed_run.updated,
            feed_run.unchanged,
            feed_run.deleted,
            feed_run.rejected,
            feed_run.bytes,
            feed_run.error
           FROM estate.feed_run
          WHERE (feed_run.feed_id = f.feed_id)
          ORDER BY feed_run.run_id DESC
         LIMIT 1) r ON (true))
     LEFT JOIN LATERAL ( SELECT o.run_at AS next_run_at,
            (o.run_at <= clock_timestamp()) AS waiting
           FROM (estate_internal.job_unique u
             JOIN estate_internal.job_open o ON ((o.id = u.job)))
          WHERE (u.unique_key = ('feed:'::text || f.feed_id))
          ORDER BY o.run_at
         LIMIT 1) w ON (true));


ALTER TABLE estate.feed_status OWNER TO estate_admin;

--
-- Name: VIEW feed_status; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON VIEW estate.feed_status IS 'Feeds: what each is doing, how its last run went, when the next one is';


--
-- Name: COLUMN feed_status.feed_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_status.feed_id IS 'Key of the feed';


--
-- Name: COLUMN feed_status.name; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_status.name IS 'Name of the feed';


--
-- Name: COLUMN feed_status.market; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_status.market IS 'Name of its market';


--
-- Name: COLUMN feed_status.preset; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_status.preset IS 'How its records are read';


--
-- Name: COLUMN feed_status.state; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_status.state IS 'idle, running, waiting (a run is due), backoff (failed, will be tried again), paused or failed';


--
-- Name: COLUMN feed_status.run_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_status.run_id IS 'Last run';


--
-- Name: COLUMN feed_status.started_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_status.started_at IS 'When the last run started';


--
-- Name: COLUMN feed_status.ended_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_status.ended_at IS 'When the last run ended';


--
-- Name: COLUMN feed_status.outcome; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_status.outcome IS 'Outcome of the last run';


--
-- Name: COLUMN feed_status.seen; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_status.seen IS 'Records seen in the last run';


--
-- Name: COLUMN feed_status.inserted; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_status.inserted IS 'New listings in the last run';


--
-- Name: COLUMN feed_status.updated; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_status.updated IS 'Changed listings in the last run';


--
-- Name: COLUMN feed_status.unchanged; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_status.unchanged IS 'Unchanged records in the last run';


--
-- Name: COLUMN feed_status.deleted; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_status.deleted IS 'Withdrawn listings in the last run';


--
-- Name: COLUMN feed_status.rejected; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_status.rejected IS 'Rejected records in the last run';


--
-- Name: COLUMN feed_status.open_rejects; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_status.open_rejects IS 'Rejected records that are not settled yet, of all runs';


--
-- Name: COLUMN feed_status.failures; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_status.failures IS 'Failed runs in a row';


--
-- Name: COLUMN feed_status.last_error; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_status.last_error IS 'Why the last run failed';


--
-- Name: COLUMN feed_status.next_run_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.feed_status.next_run_at IS 'When the workers run it next';


--
-- Name: job_ended; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ended (
    id bigint NOT NULL,
    handler text NOT NULL,
    queue text NOT NULL,
    priority smallint NOT NULL,
    max_attempts integer NOT NULL,
    role regrole NOT NULL,
    enqueued_at timestamp with time zone NOT NULL,
    args jsonb NOT NULL,
    run_at timestamp with time zone,
    attempt integer,
    effect_key uuid,
    unique_key text,
    unique_until text,
    timeout interval,
    backoff interval[],
    tags text[],
    errors jsonb,
    alone boolean,
    waited smallint,
    done_by "char" NOT NULL,
    state character varying(10) NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    result jsonb,
    CONSTRAINT job_ended_state_check CHECK (((state)::text = ANY ((ARRAY['done'::character varying, 'dead'::character varying, 'cancelled'::character varying])::text[])))
);


ALTER TABLE estate_internal.job_ended OWNER TO postgres;

--
-- Name: TABLE job_ended; Type: COMMENT; Schema: estate_internal; Owner: postgres
--

COMMENT ON TABLE estate_internal.job_ended IS 'Jobs that have ended; read them through estate.job';


--
-- Name: job_ready; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready (
    id bigint NOT NULL,
    handler text NOT NULL,
    queue text NOT NULL,
    priority smallint NOT NULL,
    max_attempts integer NOT NULL,
    role regrole NOT NULL,
    enqueued_at timestamp with time zone NOT NULL,
    args jsonb NOT NULL,
    run_at timestamp with time zone,
    attempt integer,
    effect_key uuid,
    unique_key text,
    unique_until text,
    timeout interval,
    backoff interval[],
    tags text[],
    errors jsonb,
    alone boolean,
    waited smallint
);


ALTER TABLE estate_internal.job_ready OWNER TO postgres;

--
-- Name: TABLE job_ready; Type: COMMENT; Schema: estate_internal; Owner: postgres
--

COMMENT ON TABLE estate_internal.job_ready IS 'Jobs that can run now; read them through estate.job';


--
-- Name: job; Type: VIEW; Schema: estate; Owner: estate_admin
--

CREATE VIEW estate.job AS
 SELECT o.id,
    (
        CASE
            WHEN ((r.id IS NOT NULL) OR (o.leased_until > estate.clock())) THEN 'running'::text
            WHEN ((o.waits_for)::text = 'jobs'::text) THEN 'blocked'::text
            WHEN (((o.waits_for)::text = 'key'::text) OR (o.waited IS NOT NULL)) THEN 'available'::text
            WHEN ((o.attempt > 0) AND (o.run_at > estate.clock())) THEN 'retryable'::text
            WHEN (o.run_at > estate.clock()) THEN 'scheduled'::text
            ELSE 'available'::text
        END)::character varying(10) AS state,
    o.handler,
    o.queue,
    o.priority,
    o.run_at,
    o.attempt,
    o.max_attempts,
    o.role,
    o.effect_key,
    o.unique_key,
    o.enqueued_at,
    NULL::timestamp with time zone AS ended_at,
    o.args,
    COALESCE(o.errors, '[]'::jsonb) AS errors,
    o.tags,
    o.timeout,
    NULL::jsonb AS result,
    o.leased_to AS worker,
    o.leased_until
   FROM (estate_internal.job_open o
     LEFT JOIN estate.running_jobs() r(id) ON ((r.id = o.id)))
UNION ALL
 SELECT o.id,
    (
        CASE
            WHEN (r.id IS NOT NULL) THEN 'running'::text
            ELSE 'available'::text
        END)::character varying(10) AS state,
    o.handler,
    o.queue,
    o.priority,
    COALESCE(o.run_at, o.enqueued_at) AS run_at,
    COALESCE(o.attempt, 0) AS attempt,
    o.max_attempts,
    o.role,
    NULL::uuid AS effect_key,
    o.unique_key,
    o.enqueued_at,
    NULL::timestamp with time zone AS ended_at,
    o.args,
    COALESCE(o.errors, '[]'::jsonb) AS errors,
    o.tags,
    o.timeout,
    NULL::jsonb AS result,
    NULL::text AS worker,
    NULL::timestamp with time zone AS leased_until
   FROM (estate_internal.job_ready o
     LEFT JOIN estate.running_jobs() r(id) ON ((r.id = o.id)))
UNION ALL
 SELECT job_ended.id,
    job_ended.state,
    job_ended.handler,
    job_ended.queue,
    job_ended.priority,
    COALESCE(job_ended.run_at, job_ended.enqueued_at) AS run_at,
    job_ended.attempt,
    job_ended.max_attempts,
    job_ended.role,
    job_ended.effect_key,
    job_ended.unique_key,
    job_ended.enqueued_at,
    job_ended.ended_at,
    job_ended.args,
    COALESCE(job_ended.errors, '[]'::jsonb) AS errors,
    job_ended.tags,
    job_ended.timeout,
    job_ended.result,
    NULL::text AS worker,
    NULL::timestamp with time zone AS leased_until
   FROM estate_internal.job_ended;


ALTER TABLE estate.job OWNER TO estate_admin;

--
-- Name: VIEW job; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON VIEW estate.job IS 'Jobs that wait, run and have ended';


--
-- Name: COLUMN job.id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.job.id IS 'Key of the job, ascending';


--
-- Name: COLUMN job.state; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.job.state IS 'scheduled, blocked, available (also while a limit keeps it waiting), running, retryable, done, dead or cancelled';


--
-- Name: COLUMN job.handler; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.job.handler IS 'What does it: an SQL function of jsonb, a built-in, or external:NAME';


--
-- Name: COLUMN job.queue; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.job.queue IS 'Queue it waits in';


--
-- Name: COLUMN job.priority; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.job.priority IS 'Lower runs first';


--
-- Name: COLUMN job.run_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.job.run_at IS 'Not to be run before this';


--
-- Name: COLUMN job.attempt; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.job.attempt IS 'Attempts that have ended';


--
-- Name: COLUMN job.max_attempts; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.job.max_attempts IS 'It is dead after so many';


--
-- Name: COLUMN job.role; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.job.role IS 'Role that enqueued it, and whose rights it has';


--
-- Name: COLUMN job.effect_key; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.job.effect_key IS 'Idempotency key of its outside effects';


--
-- Name: COLUMN job.unique_key; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.job.unique_key IS 'No other job of the role gets the same, as long as unique_until said';


--
-- Name: COLUMN job.enqueued_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.job.enqueued_at IS 'When it was enqueued';


--
-- Name: COLUMN job.ended_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.job.ended_at IS 'When it was done, dead or cancelled';


--
-- Name: COLUMN job.args; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.job.args IS 'What the handler is called with';


--
-- Name: COLUMN job.errors; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.job.errors IS 'What went wrong, an object for each failed attempt, of the last hundred: attempt, at, sqlstate, message, context';


--
-- Name: COLUMN job.tags; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.job.tags IS 'What else it was marked with';


--
-- Name: COLUMN job.timeout; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.job.timeout IS 'How long its handler may take; NULL: as its queue says';


--
-- Name: COLUMN job.result; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.job.result IS 'What its handler returned, where that is jsonb, or complete_job() was given';


--
-- Name: COLUMN job.worker; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.job.worker IS 'Who has fetched it last by fetch_jobs(), and not given it back';


--
-- Name: COLUMN job.leased_until; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.job.leased_until IS 'Until when nobody else gets it';


--
-- Name: listing_change; Type: TABLE; Schema: estate; Owner: estate_admin
--

CREATE TABLE estate.listing_change (
    market_id integer NOT NULL,
    id bigint NOT NULL,
    listing bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    run_id bigint,
    field character varying(63) NOT NULL,
    old_value text,
    new_value text
);


ALTER TABLE estate.listing_change OWNER TO estate_admin;

--
-- Name: TABLE listing_change; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON TABLE estate.listing_change IS 'One field of one listing that changed: prices, status, dates, removal';


--
-- Name: COLUMN listing_change.market_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_change.market_id IS 'Market of the listing';


--
-- Name: COLUMN listing_change.id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_change.id IS 'Key of the change';


--
-- Name: COLUMN listing_change.listing; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_change.listing IS 'The listing that changed';


--
-- Name: COLUMN listing_change.at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_change.at IS 'When the change was applied';


--
-- Name: COLUMN listing_change.run_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_change.run_id IS 'Run that brought the change';


--
-- Name: COLUMN listing_change.field; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_change.field IS 'Column of estate.listing';


--
-- Name: COLUMN listing_change.old_value; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_change.old_value IS 'Value before, as text';


--
-- Name: COLUMN listing_change.new_value; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_change.new_value IS 'Value after, as text';


--
-- Name: listing_change_id_seq; Type: SEQUENCE; Schema: estate; Owner: estate_admin
--

ALTER TABLE estate.listing_change ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME estate.listing_change_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: listing_for_sale; Type: VIEW; Schema: estate; Owner: estate_admin
--

CREATE VIEW estate.listing_for_sale WITH (security_invoker='true') AS
 SELECT v.market_id,
    v.id,
    v.source_system,
    v.listing_key,
    v.property,
    v.listing_id,
    v.standard_status,
    v.mls_status,
    v.property_type,
    v.property_sub_type,
    v.segment,
    v.for_sale,
    v.currency,
    v.list_price,
    v.original_list_price,
    v.previous_list_price,
    v.close_price,
    v.close_date,
    v.listing_contract_date,
    v.on_market_date,
    v.off_market_date,
    v.purchase_contract_date,
    v.expiration_date,
    v.days_on_market,
    v.cumulative_days_on_market,
    v.unparsed_address,
    v.street_number,
    v.street_name,
    v.unit_number,
    v.parcel_number,
    v.city,
    v.state_or_province,
    v.postal_code,
    v.county_or_parish,
    v.country,
    v.subdivision_name,
    v.mls_area_major,
    v.latitude,
    v.longitude,
    v.bedrooms_total,
    v.bathrooms_total_integer,
    v.bathrooms_full,
    v.bathrooms_half,
    v.living_area,
    v.living_area_units,
    v.living_area_sqft,
    v.living_area_sqm,
    v.lot_size_area,
    v.lot_size_units,
    v.lot_size_sqm,
    v.year_built,
    v.stories_total,
    v.garage_spaces,
    v.pool_private_yn,
    v.waterfront_yn,
    v.view_yn,
    v.new_construction_yn,
    v.association_fee,
    v.association_fee_frequency,
    v.tax_annual_amount,
    v.public_remarks,
    v.photos_count,
    v.list_agent_full_name,
    v.list_office_name,
    v.modification_timestamp,
    v.first_seen_at,
    v.changed_at
   FROM estate.listing_visible v
  WHERE v.for_sale;


ALTER TABLE estate.listing_for_sale OWNER TO estate_admin;

--
-- Name: VIEW listing_for_sale; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON VIEW estate.listing_for_sale IS 'Visible listings that can still be bought: Active, Active Under Contract or Coming Soon; no leases';


--
-- Name: COLUMN listing_for_sale.market_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.market_id IS 'Market; first part of every key';


--
-- Name: COLUMN listing_for_sale.id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.id IS 'Key of the listing within pg_estate; other tables call it listing';


--
-- Name: COLUMN listing_for_sale.source_system; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.source_system IS 'Where the record comes from, by default the name of its feed';


--
-- Name: COLUMN listing_for_sale.listing_key; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.listing_key IS 'RESO ListingKey: the key of the record at its source';


--
-- Name: COLUMN listing_for_sale.property; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.property IS 'The home itself, in estate.property';


--
-- Name: COLUMN listing_for_sale.listing_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.listing_id IS 'RESO ListingId: the MLS number';


--
-- Name: COLUMN listing_for_sale.standard_status; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.standard_status IS 'RESO StandardStatus: Active, Active Under Contract, Canceled, Closed, Coming Soon, Delete, Expired, Hold, Incomplete, Pending or Withdrawn';


--
-- Name: COLUMN listing_for_sale.mls_status; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.mls_status IS 'RESO MlsStatus: the status in local words';


--
-- Name: COLUMN listing_for_sale.property_type; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.property_type IS 'RESO PropertyType: Residential, Residential Lease, Land, ...';


--
-- Name: COLUMN listing_for_sale.property_sub_type; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.property_sub_type IS 'RESO PropertySubType: Single Family Residence, Condominium, ...';


--
-- Name: COLUMN listing_for_sale.segment; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.segment IS 'Sale or lease and class of property, as estate.segment() says it: what a model is for';


--
-- Name: COLUMN listing_for_sale.for_sale; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.for_sale IS 'Whether it can still be bought, as estate.is_for_sale() says it';


--
-- Name: COLUMN listing_for_sale.currency; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.currency IS 'ISO 4217 code of the prices, the market''s';


--
-- Name: COLUMN listing_for_sale.list_price; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.list_price IS 'RESO ListPrice: the asking price';


--
-- Name: COLUMN listing_for_sale.original_list_price; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.original_list_price IS 'RESO OriginalListPrice';


--
-- Name: COLUMN listing_for_sale.previous_list_price; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.previous_list_price IS 'RESO PreviousListPrice';


--
-- Name: COLUMN listing_for_sale.close_price; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.close_price IS 'RESO ClosePrice: what it sold for';


--
-- Name: COLUMN listing_for_sale.close_date; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.close_date IS 'RESO CloseDate: when the sale closed';


--
-- Name: COLUMN listing_for_sale.listing_contract_date; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.listing_contract_date IS 'RESO ListingContractDate';


--
-- Name: COLUMN listing_for_sale.on_market_date; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.on_market_date IS 'RESO OnMarketDate';


--
-- Name: COLUMN listing_for_sale.off_market_date; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.off_market_date IS 'RESO OffMarketDate';


--
-- Name: COLUMN listing_for_sale.purchase_contract_date; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.purchase_contract_date IS 'RESO PurchaseContractDate';


--
-- Name: COLUMN listing_for_sale.expiration_date; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.expiration_date IS 'RESO ExpirationDate';


--
-- Name: COLUMN listing_for_sale.days_on_market; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.days_on_market IS 'RESO DaysOnMarket, as the source counts';


--
-- Name: COLUMN listing_for_sale.cumulative_days_on_market; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.cumulative_days_on_market IS 'RESO CumulativeDaysOnMarket, as the source counts';


--
-- Name: COLUMN listing_for_sale.unparsed_address; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.unparsed_address IS 'RESO UnparsedAddress';


--
-- Name: COLUMN listing_for_sale.street_number; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.street_number IS 'RESO StreetNumber';


--
-- Name: COLUMN listing_for_sale.street_name; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.street_name IS 'RESO StreetName';


--
-- Name: COLUMN listing_for_sale.unit_number; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.unit_number IS 'RESO UnitNumber';


--
-- Name: COLUMN listing_for_sale.parcel_number; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.parcel_number IS 'RESO ParcelNumber: the assessor''s number of the parcel';


--
-- Name: COLUMN listing_for_sale.city; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.city IS 'RESO City';


--
-- Name: COLUMN listing_for_sale.state_or_province; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.state_or_province IS 'RESO StateOrProvince';


--
-- Name: COLUMN listing_for_sale.postal_code; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.postal_code IS 'RESO PostalCode';


--
-- Name: COLUMN listing_for_sale.county_or_parish; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.county_or_parish IS 'RESO CountyOrParish';


--
-- Name: COLUMN listing_for_sale.country; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.country IS 'RESO Country';


--
-- Name: COLUMN listing_for_sale.subdivision_name; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.subdivision_name IS 'RESO SubdivisionName';


--
-- Name: COLUMN listing_for_sale.mls_area_major; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.mls_area_major IS 'RESO MLSAreaMajor';


--
-- Name: COLUMN listing_for_sale.latitude; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.latitude IS 'RESO Latitude, degrees north (WGS 84)';


--
-- Name: COLUMN listing_for_sale.longitude; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.longitude IS 'RESO Longitude, degrees east (WGS 84)';


--
-- Name: COLUMN listing_for_sale.bedrooms_total; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.bedrooms_total IS 'RESO BedroomsTotal';


--
-- Name: COLUMN listing_for_sale.bathrooms_total_integer; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.bathrooms_total_integer IS 'RESO BathroomsTotalInteger';


--
-- Name: COLUMN listing_for_sale.bathrooms_full; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.bathrooms_full IS 'RESO BathroomsFull';


--
-- Name: COLUMN listing_for_sale.bathrooms_half; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.bathrooms_half IS 'RESO BathroomsHalf';


--
-- Name: COLUMN listing_for_sale.living_area; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.living_area IS 'RESO LivingArea, in living_area_units';


--
-- Name: COLUMN listing_for_sale.living_area_units; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.living_area_units IS 'RESO LivingAreaUnits: Square Feet or Square Meters; the market''s unit where the record has none';


--
-- Name: COLUMN listing_for_sale.living_area_sqft; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.living_area_sqft IS 'living_area in square feet, for comparing';


--
-- Name: COLUMN listing_for_sale.living_area_sqm; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.living_area_sqm IS 'living_area in square metres, for comparing';


--
-- Name: COLUMN listing_for_sale.lot_size_area; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.lot_size_area IS 'RESO LotSizeArea, in lot_size_units';


--
-- Name: COLUMN listing_for_sale.lot_size_units; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.lot_size_units IS 'RESO LotSizeUnits: Square Feet, Square Meters, Acres or Hectares; the market''s unit where the record has none';


--
-- Name: COLUMN listing_for_sale.lot_size_sqm; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.lot_size_sqm IS 'Size of the lot in square metres, for comparing';


--
-- Name: COLUMN listing_for_sale.year_built; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.year_built IS 'RESO YearBuilt';


--
-- Name: COLUMN listing_for_sale.stories_total; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.stories_total IS 'RESO StoriesTotal';


--
-- Name: COLUMN listing_for_sale.garage_spaces; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.garage_spaces IS 'RESO GarageSpaces';


--
-- Name: COLUMN listing_for_sale.pool_private_yn; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.pool_private_yn IS 'RESO PoolPrivateYN';


--
-- Name: COLUMN listing_for_sale.waterfront_yn; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.waterfront_yn IS 'RESO WaterfrontYN';


--
-- Name: COLUMN listing_for_sale.view_yn; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.view_yn IS 'RESO ViewYN';


--
-- Name: COLUMN listing_for_sale.new_construction_yn; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.new_construction_yn IS 'RESO NewConstructionYN';


--
-- Name: COLUMN listing_for_sale.association_fee; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.association_fee IS 'RESO AssociationFee';


--
-- Name: COLUMN listing_for_sale.association_fee_frequency; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.association_fee_frequency IS 'RESO AssociationFeeFrequency';


--
-- Name: COLUMN listing_for_sale.tax_annual_amount; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.tax_annual_amount IS 'RESO TaxAnnualAmount';


--
-- Name: COLUMN listing_for_sale.public_remarks; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.public_remarks IS 'RESO PublicRemarks';


--
-- Name: COLUMN listing_for_sale.photos_count; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.photos_count IS 'RESO PhotosCount';


--
-- Name: COLUMN listing_for_sale.list_agent_full_name; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.list_agent_full_name IS 'RESO ListAgentFullName';


--
-- Name: COLUMN listing_for_sale.list_office_name; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.list_office_name IS 'RESO ListOfficeName';


--
-- Name: COLUMN listing_for_sale.modification_timestamp; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.modification_timestamp IS 'RESO ModificationTimestamp: when the source changed the record';


--
-- Name: COLUMN listing_for_sale.first_seen_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.first_seen_at IS 'When the listing first came';


--
-- Name: COLUMN listing_for_sale.changed_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.listing_for_sale.changed_at IS 'When the row was last written';


--
-- Name: listing_id_seq; Type: SEQUENCE; Schema: estate; Owner: estate_admin
--

ALTER TABLE estate.listing ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME estate.listing_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: market_market_id_seq; Type: SEQUENCE; Schema: estate; Owner: estate_admin
--

ALTER TABLE estate.market ALTER COLUMN market_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME estate.market_market_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: model; Type: TABLE; Schema: estate; Owner: estate_admin
--

CREATE TABLE estate.model (
    market_id integer NOT NULL,
    segment character varying(50) NOT NULL,
    version integer NOT NULL,
    active boolean NOT NULL,
    trained_at timestamp with time zone NOT NULL,
    as_of date NOT NULL,
    sales integer NOT NULL,
    features integer NOT NULL,
    r2_log double precision,
    mdape double precision,
    seconds double precision NOT NULL,
    definition text NOT NULL
);


ALTER TABLE estate.model OWNER TO estate_admin;

--
-- Name: TABLE model; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON TABLE estate.model IS 'How a segment of a market is valued; one version of each segment is active';


--
-- Name: COLUMN model.market_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.model.market_id IS 'Market that the model values';


--
-- Name: COLUMN model.segment; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.model.segment IS 'Sale or lease x property class, as estate.segment() says it';


--
-- Name: COLUMN model.version; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.model.version IS 'Counts up within the segment';


--
-- Name: COLUMN model.active; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.model.active IS 'Whether score() uses this version';


--
-- Name: COLUMN model.trained_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.model.trained_at IS 'When it was trained';


--
-- Name: COLUMN model.as_of; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.model.as_of IS 'It knows sales closed before this day';


--
-- Name: COLUMN model.sales; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.model.sales IS 'Number of sales it was trained on';


--
-- Name: COLUMN model.features; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.model.features IS 'Number of columns of its design';


--
-- Name: COLUMN model.r2_log; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.model.r2_log IS 'R2 of log price on its own sales, leave-one-out; NULL: all prices are the same';


--
-- Name: COLUMN model.mdape; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.model.mdape IS 'Median absolute percentage error on its own sales, leave-one-out, in percent';


--
-- Name: COLUMN model.seconds; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.model.seconds IS 'How long training took';


--
-- Name: COLUMN model.definition; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.model.definition IS 'The model itself as text: features and coefficients';


--
-- Name: market_status; Type: VIEW; Schema: estate; Owner: estate_admin
--

CREATE VIEW estate.market_status WITH (security_invoker='true') AS
 SELECT m.market_id,
    (m.name)::character varying(255) AS market,
    m.currency,
    COALESCE(s.visible, (0)::bigint) AS visible_count,
    COALESCE(s.for_sale, (0)::bigint) AS for_sale_count,
    COALESCE(s.closed, (0)::bigint) AS closed_count,
    COALESCE(s.valued, (0)::bigint) AS valued_count,
    COALESCE(s.deals, (0)::bigint) AS deal_count,
    (s.median_list_price)::numeric(14,2) AS median_list_price,
    (s.median_days)::numeric(8,1) AS median_days_on_market,
    ( SELECT count(*) AS count
           FROM estate.model a
          WHERE ((a.market_id = m.market_id) AND a.active)) AS model_count,
    ( SELECT max(a.trained_at) AS max
           FROM estate.model a
          WHERE ((a.market_id = m.market_id) AND a.active)) AS trained_at,
    s.scored_at
   FROM (estate.market m
     LEFT JOIN ( SELECT v.market_id,
            count(*) AS visible,
            count(*) FILTER (WHERE v.for_sale) AS for_sale,
            count(*) FILTER (WHERE ((v.standard_status)::text = 'Closed'::text)) AS closed,
            count(e.listing) AS valued,
            count(*) FILTER (WHERE (v.for_sale AND (v.list_price < e.estimate))) AS deals,
            percentile_cont((0.5)::double precision) WITHIN GROUP (ORDER BY ((v.list_price)::double precision)) FILTER (WHERE v.for_sale) AS median_list_price,
            percentile_cont((0.5)::double precision) WITHIN GROUP (ORDER BY ((v.days_on_market)::double precision)) FILTER (WHERE v.for_sale) AS median_days,
            max(e.scored_at) AS scored_at
           FROM (estate.listing_visible v
             LEFT JOIN estate.estimate e ON (((e.market_id = v.market_id) AND (e.listing = v.id))))
          GROUP BY v.market_id) s ON ((s.market_id = m.market_id)));


ALTER TABLE estate.market_status OWNER TO estate_admin;

--
-- Name: VIEW market_status; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON VIEW estate.market_status IS 'How each market stands: listings, what can be bought, what is valued and when';


--
-- Name: COLUMN market_status.market_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.market_status.market_id IS 'Key of the market';


--
-- Name: COLUMN market_status.market; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.market_status.market IS 'Name of the market';


--
-- Name: COLUMN market_status.currency; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.market_status.currency IS 'ISO 4217 code of its prices';


--
-- Name: COLUMN market_status.visible_count; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.market_status.visible_count IS 'Listings that may be shown';


--
-- Name: COLUMN market_status.for_sale_count; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.market_status.for_sale_count IS 'Of these, those that can still be bought';


--
-- Name: COLUMN market_status.closed_count; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.market_status.closed_count IS 'Of these, those that are sold';


--
-- Name: COLUMN market_status.valued_count; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.market_status.valued_count IS 'Of these, those with an estimate';


--
-- Name: COLUMN market_status.deal_count; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.market_status.deal_count IS 'Listings for sale that ask less than their estimate';


--
-- Name: COLUMN market_status.median_list_price; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.market_status.median_list_price IS 'Median asking price of what is for sale';


--
-- Name: COLUMN market_status.median_days_on_market; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.market_status.median_days_on_market IS 'Median of the days on market, as the sources count, of what is for sale';


--
-- Name: COLUMN market_status.model_count; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.market_status.model_count IS 'Segments with an active model';


--
-- Name: COLUMN market_status.trained_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.market_status.trained_at IS 'When the newest of them was trained';


--
-- Name: COLUMN market_status.scored_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.market_status.scored_at IS 'When a listing was last given another estimate';


--
-- Name: media; Type: TABLE; Schema: estate; Owner: estate_admin
--

CREATE TABLE estate.media (
    market_id integer NOT NULL,
    listing bigint NOT NULL,
    media_key character varying(255) NOT NULL,
    media_url text,
    media_order integer,
    media_category character varying(50),
    media_modification_timestamp timestamp with time zone,
    preferred_photo_yn boolean,
    short_description text,
    target text,
    stored_as text,
    stored_bytes bigint,
    stored_sha256 bytea,
    stored_at timestamp with time zone,
    stored_error text
);


ALTER TABLE estate.media OWNER TO estate_admin;

--
-- Name: TABLE media; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON TABLE estate.media IS 'Photos and other media of a listing (RESO resource Media), and where their copies are';


--
-- Name: COLUMN media.market_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.media.market_id IS 'Market of the listing';


--
-- Name: COLUMN media.listing; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.media.listing IS 'The listing shown';


--
-- Name: COLUMN media.media_key; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.media.media_key IS 'RESO MediaKey';


--
-- Name: COLUMN media.media_url; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.media.media_url IS 'RESO MediaURL: where the source keeps it';


--
-- Name: COLUMN media.media_order; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.media.media_order IS 'RESO Order: place among the media of the listing';


--
-- Name: COLUMN media.media_category; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.media.media_category IS 'RESO MediaCategory: Photo, Floor Plan, Video, ...';


--
-- Name: COLUMN media.media_modification_timestamp; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.media.media_modification_timestamp IS 'RESO MediaModificationTimestamp: when the source changed it';


--
-- Name: COLUMN media.preferred_photo_yn; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.media.preferred_photo_yn IS 'RESO PreferredPhotoYN: whether it is the picture to show first';


--
-- Name: COLUMN media.short_description; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.media.short_description IS 'RESO ShortDescription';


--
-- Name: COLUMN media.target; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.media.target IS 'Name of the SERVER that the copy is on';


--
-- Name: COLUMN media.stored_as; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.media.stored_as IS 'Name of the copy on the target';


--
-- Name: COLUMN media.stored_bytes; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.media.stored_bytes IS 'Size of the copy in bytes';


--
-- Name: COLUMN media.stored_sha256; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.media.stored_sha256 IS 'SHA-256 of the copy';


--
-- Name: COLUMN media.stored_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.media.stored_at IS 'When the copy was made';


--
-- Name: COLUMN media.stored_error; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.media.stored_error IS 'Why the last attempt to copy it failed';


--
-- Name: metrics; Type: VIEW; Schema: estate; Owner: estate_admin
--

CREATE VIEW estate.metrics AS
 SELECT handler_metrics.queue,
    handler_metrics.handler,
    handler_metrics.done,
    handler_metrics.failed,
    handler_metrics.dead,
    handler_metrics.snoozed,
    handler_metrics.cancelled,
    handler_metrics.last_minute,
    handler_metrics.latency,
    handler_metrics.latency_p50_ms,
    handler_metrics.latency_p99_ms,
    handler_metrics.run_time,
    handler_metrics.run_time_p50_ms,
    handler_metrics.run_time_p99_ms
   FROM estate.handler_metrics() handler_metrics(queue, handler, done, failed, dead, snoozed, cancelled, last_minute, latency, latency_p50_ms, latency_p99_ms, run_time, run_time_p50_ms, run_time_p99_ms);


ALTER TABLE estate.metrics OWNER TO estate_admin;

--
-- Name: VIEW metrics; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON VIEW estate.metrics IS 'What the handlers of each queue have done since the server started';


--
-- Name: COLUMN metrics.queue; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.metrics.queue IS 'Name of the queue';


--
-- Name: COLUMN metrics.handler; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.metrics.handler IS 'Handler; the 127 that came first have a row each, the rest share one, (others)';


--
-- Name: COLUMN metrics.done; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.metrics.done IS 'Jobs that were done';


--
-- Name: COLUMN metrics.failed; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.metrics.failed IS 'Attempts that failed';


--
-- Name: COLUMN metrics.dead; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.metrics.dead IS 'Jobs that failed for good';


--
-- Name: COLUMN metrics.snoozed; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.metrics.snoozed IS 'Times that a job was put off when it ran';


--
-- Name: COLUMN metrics.cancelled; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.metrics.cancelled IS 'Jobs that were cancelled when they ran';


--
-- Name: COLUMN metrics.last_minute; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.metrics.last_minute IS 'Jobs that have ended in the last minute, in steps of 5 s';


--
-- Name: COLUMN metrics.latency; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.metrics.latency IS 'Histogram of the time from when a job could start until it did: below 0.1 ms, then below twice as much in each element, 24 in all';


--
-- Name: COLUMN metrics.latency_p50_ms; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.metrics.latency_p50_ms IS 'Its median in milliseconds, as if each element were even';


--
-- Name: COLUMN metrics.latency_p99_ms; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.metrics.latency_p99_ms IS 'Its 99th percentile';


--
-- Name: COLUMN metrics.run_time; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.metrics.run_time IS 'The same of the time in the handler, of a batch of jobs by their number';


--
-- Name: COLUMN metrics.run_time_p50_ms; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.metrics.run_time_p50_ms IS 'Its median in milliseconds';


--
-- Name: COLUMN metrics.run_time_p99_ms; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.metrics.run_time_p99_ms IS 'Its 99th percentile';


--
-- Name: progress; Type: VIEW; Schema: estate; Owner: estate_admin
--

CREATE VIEW estate.progress AS
 SELECT 'job'::character varying(10) AS kind,
    r.handler AS name,
    r.id,
    r.queue,
    r.role,
    r.started_at,
    r.pid,
    r.done,
    r.total,
    r.note
   FROM estate.running() r(id, queue, handler, role, started_at, pid, done, total, note)
UNION ALL
 SELECT 'feed'::character varying(10) AS kind,
    f.name,
    r.run_id AS id,
    NULL::text AS queue,
    NULL::regrole AS role,
    r.started_at,
    NULL::integer AS pid,
    (r.seen)::double precision AS done,
    NULL::double precision AS total,
    format('%s pages'::text, r.pages) AS note
   FROM (estate.feed_run r
     JOIN estate.feed f USING (feed_id))
  WHERE (r.ended_at IS NULL);


ALTER TABLE estate.progress OWNER TO estate_admin;

--
-- Name: VIEW progress; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON VIEW estate.progress IS 'What goes on at this moment: jobs in the hands of workers with what they report, and runs of feeds with what they have seen so far';


--
-- Name: COLUMN progress.kind; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.progress.kind IS 'job or feed';


--
-- Name: COLUMN progress.name; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.progress.name IS 'Handler of the job, or name of the feed';


--
-- Name: COLUMN progress.id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.progress.id IS 'Key in estate.job or estate.feed_run';


--
-- Name: COLUMN progress.queue; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.progress.queue IS 'Queue of the job';


--
-- Name: COLUMN progress.role; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.progress.role IS 'Role whose rights the job has';


--
-- Name: COLUMN progress.started_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.progress.started_at IS 'When this attempt, or the run, started';


--
-- Name: COLUMN progress.pid; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.progress.pid IS 'Process that has the job in hand';


--
-- Name: COLUMN progress.done; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.progress.done IS 'What report_progress() was last told, or the records seen';


--
-- Name: COLUMN progress.total; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.progress.total IS 'What there is to do in all, as far as that is known';


--
-- Name: COLUMN progress.note; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.progress.note IS 'What the handler says of itself, or the pages applied';


--
-- Name: property; Type: TABLE; Schema: estate; Owner: estate_admin
--

CREATE TABLE estate.property (
    market_id integer NOT NULL,
    id bigint NOT NULL,
    match_key text NOT NULL,
    first_seen_at timestamp with time zone DEFAULT now() NOT NULL
);


ALTER TABLE estate.property OWNER TO estate_admin;

--
-- Name: TABLE property; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON TABLE estate.property IS 'The home itself; it may have several listings, which are never merged';


--
-- Name: COLUMN property.market_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.property.market_id IS 'Market of the home';


--
-- Name: COLUMN property.id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.property.id IS 'Key of the home';


--
-- Name: COLUMN property.match_key; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.property.match_key IS 'By what listings are known to be of one home: universal property id, parcel number, or address with unit and postal code; else the listing''s own key';


--
-- Name: COLUMN property.first_seen_at; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.property.first_seen_at IS 'When the first listing of the home came';


--
-- Name: property_id_seq; Type: SEQUENCE; Schema: estate; Owner: estate_admin
--

ALTER TABLE estate.property ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME estate.property_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: queue; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.queue (
    number smallint NOT NULL,
    name text NOT NULL,
    paused boolean DEFAULT false NOT NULL,
    concurrency integer,
    concurrency_local integer,
    key text,
    concurrency_by_key integer,
    rate integer,
    rate_by_key integer,
    rate_period interval DEFAULT '00:00:01'::interval NOT NULL,
    timeout interval,
    keep character varying(6) DEFAULT 'all'::character varying NOT NULL,
    keep_for interval DEFAULT '7 days'::interval,
    keep_most bigint,
    CONSTRAINT queue_concurrency_by_key_check CHECK ((concurrency_by_key > 0)),
    CONSTRAINT queue_concurrency_check CHECK ((concurrency > 0)),
    CONSTRAINT queue_concurrency_local_check CHECK ((concurrency_local > 0)),
    CONSTRAINT queue_keep_check CHECK (((keep)::text = ANY ((ARRAY['all'::character varying, 'failed'::character varying, 'none'::character varying])::text[]))),
    CONSTRAINT queue_keep_for_check CHECK ((keep_for > '00:00:00'::interval)),
    CONSTRAINT queue_keep_most_check CHECK ((keep_most >= 0)),
    CONSTRAINT queue_key_check CHECK (((octet_length(key) >= 1) AND (octet_length(key) <= 127))),
    CONSTRAINT queue_name_check CHECK (((octet_length(name) >= 1) AND (octet_length(name) <= 63))),
    CONSTRAINT queue_number_check CHECK (((number >= 0) AND (number <= 63))),
    CONSTRAINT queue_rate_by_key_check CHECK ((rate_by_key > 0)),
    CONSTRAINT queue_rate_check CHECK ((rate > 0)),
    CONSTRAINT queue_rate_period_check CHECK ((rate_period >= '00:00:00.001'::interval)),
    CONSTRAINT queue_timeout_check CHECK ((timeout > '00:00:00'::interval))
);


ALTER TABLE estate_internal.queue OWNER TO postgres;

--
-- Name: TABLE queue; Type: COMMENT; Schema: estate_internal; Owner: postgres
--

COMMENT ON TABLE estate_internal.queue IS 'Queues that were created, with their limits; read them through estate.queue_status';


--
-- Name: queue_status; Type: VIEW; Schema: estate; Owner: estate_admin
--

CREATE VIEW estate.queue_status AS
 SELECT COALESCE(c.queue, q.name) AS queue,
    COALESCE(c.scheduled, (0)::bigint) AS scheduled,
    COALESCE((c.ready + c.open), (0)::bigint) AS available,
    COALESCE(c.running, (0)::bigint) AS running,
    COALESCE(c.retryable, (0)::bigint) AS retryable,
    COALESCE(c.done, (0)::bigint) AS done,
    COALESCE(c.dead, (0)::bigint) AS dead,
    COALESCE(c.cancelled, (0)::bigint) AS cancelled,
    COALESCE(c.oldest, LEAST(
        CASE
            WHEN (c.ready > 0) THEN w.since
            ELSE NULL::timestamp with time zone
        END,
        CASE
            WHEN (c.open > 0) THEN LEAST(( SELECT o.run_at
               FROM estate_internal.job_open o
              WHERE ((o.done_by = 'n'::"char") AND ((o.waits_for)::text = 'time'::text) AND (o.queue = c.queue) AND (o.run_at <= estate.clock()))
              ORDER BY o.run_at
             LIMIT 1), ( WITH RECURSIVE p AS (
                    ( SELECT o.priority,
                        o.run_at
                       FROM estate_internal.job_open o
                      WHERE ((o.done_by = 'x'::"char") AND ((o.waits_for)::text = 'time'::text) AND (o.leased_until IS NULL) AND (o.queue = c.queue))
                      ORDER BY o.priority, o.run_at
                     LIMIT 1)
                    UNION ALL
                     SELECT n.priority,
                        n.run_at
                       FROM (p p_1
                         CROSS JOIN LATERAL ( SELECT o.priority,
                                o.run_at
                               FROM estate_internal.job_open o
                              WHERE ((o.done_by = 'x'::"char") AND ((o.waits_for)::text = 'time'::text) AND (o.leased_until IS NULL) AND (o.queue = c.queue) AND (o.priority > p_1.priority))
                              ORDER BY o.priority, o.run_at
                             LIMIT 1) n)
                    )
             SELECT min(p.run_at) AS min
               FROM p
              WHERE (p.run_at <= estate.clock())))
            ELSE NULL::timestamp with time zone
        END)) AS oldest_available,
    COALESCE(c.blocked, (0)::bigint) AS blocked,
    q.paused,
    q.concurrency,
    q.concurrency_local,
    q.key,
    q.concurrency_by_key,
    q.rate,
    q.rate_by_key,
    q.rate_period,
    q.timeout,
    q.keep,
    q.keep_for,
    q.keep_most
   FROM ((estate.queue_counts() c(queue, ready, open, scheduled, retryable, blocked, done, dead, cancelled, running, oldest)
     FULL JOIN estate_internal.queue q ON ((q.name = c.queue)))
     LEFT JOIN ( SELECT oldest_ready.queue,
            min(oldest_ready.since) AS since
           FROM estate.oldest_ready() oldest_ready(queue, since)
          GROUP BY oldest_ready.queue) w ON ((w.queue = c.queue)));


ALTER TABLE estate.queue_status OWNER TO estate_admin;

--
-- Name: VIEW queue_status; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON VIEW estate.queue_status IS 'Queues: their jobs by state, and their limits. Where workers run, jobs are counted as they come and go, else here and now';


--
-- Name: COLUMN queue_status.queue; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.queue_status.queue IS 'Name of the queue';


--
-- Name: COLUMN queue_status.scheduled; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.queue_status.scheduled IS 'Jobs whose time has not come';


--
-- Name: COLUMN queue_status.available; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.queue_status.available IS 'Jobs that could run now';


--
-- Name: COLUMN queue_status.running; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.queue_status.running IS 'Jobs in the hands of workers';


--
-- Name: COLUMN queue_status.retryable; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.queue_status.retryable IS 'Jobs that failed and wait to be tried again';


--
-- Name: COLUMN queue_status.done; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.queue_status.done IS 'Jobs that are done, and are still in the history';


--
-- Name: COLUMN queue_status.dead; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.queue_status.dead IS 'Jobs that failed for good, and are still in the history';


--
-- Name: COLUMN queue_status.cancelled; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.queue_status.cancelled IS 'Jobs that were cancelled, and are still in the history';


--
-- Name: COLUMN queue_status.oldest_available; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.queue_status.oldest_available IS 'Since when the first job that waits could have run, as far as that can be told without reading them all';


--
-- Name: COLUMN queue_status.blocked; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.queue_status.blocked IS 'Jobs that wait for other jobs';


--
-- Name: COLUMN queue_status.paused; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.queue_status.paused IS 'Whether no job of it starts; NULL here and in what follows: the queue was not created';


--
-- Name: COLUMN queue_status.concurrency; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.queue_status.concurrency IS 'Jobs that may run at a time; NULL: any number';


--
-- Name: COLUMN queue_status.concurrency_local; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.queue_status.concurrency_local IS 'The same in one process';


--
-- Name: COLUMN queue_status.key; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.queue_status.key IS 'Path into the args of a job that its key is found by';


--
-- Name: COLUMN queue_status.concurrency_by_key; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.queue_status.concurrency_by_key IS 'Jobs of a key that may run at a time';


--
-- Name: COLUMN queue_status.rate; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.queue_status.rate IS 'Jobs that may start in each rate_period';


--
-- Name: COLUMN queue_status.rate_by_key; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.queue_status.rate_by_key IS 'The same for those of a key';


--
-- Name: COLUMN queue_status.rate_period; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.queue_status.rate_period IS 'Time that the rates are for';


--
-- Name: COLUMN queue_status.timeout; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.queue_status.timeout IS 'How long a handler may take, where the job does not say';


--
-- Name: COLUMN queue_status.keep; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.queue_status.keep IS 'Which ended jobs are kept: all, failed or none';


--
-- Name: COLUMN queue_status.keep_for; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.queue_status.keep_for IS 'How long they are kept; NULL: for ever';


--
-- Name: COLUMN queue_status.keep_most; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.queue_status.keep_most IS 'How many are kept at most; NULL: any number';


--
-- Name: sale_record; Type: TABLE; Schema: estate; Owner: estate_admin
--

CREATE TABLE estate.sale_record (
    market_id integer NOT NULL,
    id bigint NOT NULL,
    source_system character varying(255) NOT NULL,
    record_key character varying(255) NOT NULL,
    property bigint,
    sale_date date NOT NULL,
    price numeric(14,2) NOT NULL,
    property_type character varying(50),
    arms_length boolean DEFAULT true NOT NULL,
    unparsed_address character varying(255),
    city character varying(150),
    postal_code character varying(10),
    parcel_number character varying(50),
    latitude double precision,
    longitude double precision,
    living_area_sqm numeric(14,2),
    lot_size_sqm numeric(16,2),
    bedrooms_total integer,
    year_built integer,
    extra jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT sale_record_latitude_check CHECK (((latitude >= ('-90'::integer)::double precision) AND (latitude <= (90)::double precision))),
    CONSTRAINT sale_record_longitude_check CHECK (((longitude >= ('-180'::integer)::double precision) AND (longitude <= (180)::double precision))),
    CONSTRAINT sale_record_price_check CHECK ((price > (0)::numeric))
);


ALTER TABLE estate.sale_record OWNER TO estate_admin;

--
-- Name: TABLE sale_record; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON TABLE estate.sale_record IS 'A registered sale that no listing tells of: land registry, assessor';


--
-- Name: COLUMN sale_record.market_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale_record.market_id IS 'Market of the sale';


--
-- Name: COLUMN sale_record.id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale_record.id IS 'Key of the sale';


--
-- Name: COLUMN sale_record.source_system; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale_record.source_system IS 'Register that the record comes from';


--
-- Name: COLUMN sale_record.record_key; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale_record.record_key IS 'Key of the record there';


--
-- Name: COLUMN sale_record.property; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale_record.property IS 'The home, if it is known';


--
-- Name: COLUMN sale_record.sale_date; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale_record.sale_date IS 'When the sale closed';


--
-- Name: COLUMN sale_record.price; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale_record.price IS 'What was paid, in the market''s currency';


--
-- Name: COLUMN sale_record.property_type; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale_record.property_type IS 'In the words of RESO PropertyType';


--
-- Name: COLUMN sale_record.arms_length; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale_record.arms_length IS 'Whether buyer and seller were strangers; others never enter a model';


--
-- Name: COLUMN sale_record.unparsed_address; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale_record.unparsed_address IS 'Address in one line';


--
-- Name: COLUMN sale_record.city; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale_record.city IS 'City';


--
-- Name: COLUMN sale_record.postal_code; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale_record.postal_code IS 'Postal code';


--
-- Name: COLUMN sale_record.parcel_number; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale_record.parcel_number IS 'The assessor''s number of the parcel';


--
-- Name: COLUMN sale_record.latitude; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale_record.latitude IS 'Degrees north (WGS 84)';


--
-- Name: COLUMN sale_record.longitude; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale_record.longitude IS 'Degrees east (WGS 84)';


--
-- Name: COLUMN sale_record.living_area_sqm; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale_record.living_area_sqm IS 'Living area in square metres';


--
-- Name: COLUMN sale_record.lot_size_sqm; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale_record.lot_size_sqm IS 'Lot in square metres';


--
-- Name: COLUMN sale_record.bedrooms_total; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale_record.bedrooms_total IS 'Bedrooms';


--
-- Name: COLUMN sale_record.year_built; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale_record.year_built IS 'Year of construction';


--
-- Name: COLUMN sale_record.extra; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale_record.extra IS 'Further fields by their names at the source';


--
-- Name: sale; Type: VIEW; Schema: estate; Owner: estate_admin
--

CREATE VIEW estate.sale WITH (security_invoker='true') AS
 SELECT l.market_id,
    (estate.segment((l.property_type)::text))::character varying(50) AS segment,
    'listing'::character varying(10) AS source,
    l.id AS listing,
    NULL::bigint AS sale_record,
    l.property,
    l.close_date,
    l.close_price AS price,
    l.property_type,
    l.property_sub_type,
    l.city,
    l.state_or_province,
    l.postal_code,
    l.county_or_parish,
    l.subdivision_name,
    l.mls_area_major,
    l.latitude,
    l.longitude,
    l.living_area_sqm,
    l.lot_size_sqm,
    l.bedrooms_total,
    l.bathrooms_total_integer,
    l.bathrooms_full,
    l.bathrooms_half,
    l.year_built,
    l.stories_total,
    l.garage_spaces,
    l.pool_private_yn,
    l.waterfront_yn,
    l.view_yn,
    l.new_construction_yn,
    l.association_fee,
    l.association_fee_frequency,
    l.appliances,
    l.cooling,
    l.heating,
    l.view,
    l.extra
   FROM estate.listing l
  WHERE (((l.standard_status)::text = 'Closed'::text) AND (l.close_price > (0)::numeric) AND (l.close_date IS NOT NULL) AND (l.removed_at IS NULL) AND (estate.segment((l.property_type)::text) ~~ 'sale %'::text))
UNION ALL
 SELECT r.market_id,
    (estate.segment((r.property_type)::text))::character varying(50) AS segment,
    'record'::character varying(10) AS source,
    NULL::bigint AS listing,
    r.id AS sale_record,
    r.property,
    r.sale_date AS close_date,
    r.price,
    r.property_type,
    NULL::character varying(50) AS property_sub_type,
    r.city,
    NULL::character varying(50) AS state_or_province,
    r.postal_code,
    NULL::character varying(150) AS county_or_parish,
    NULL::character varying(50) AS subdivision_name,
    NULL::character varying(50) AS mls_area_major,
    r.latitude,
    r.longitude,
    r.living_area_sqm,
    r.lot_size_sqm,
    r.bedrooms_total,
    NULL::integer AS bathrooms_total_integer,
    NULL::integer AS bathrooms_full,
    NULL::integer AS bathrooms_half,
    r.year_built,
    NULL::integer AS stories_total,
    NULL::numeric(14,2) AS garage_spaces,
    NULL::boolean AS pool_private_yn,
    NULL::boolean AS waterfront_yn,
    NULL::boolean AS view_yn,
    NULL::boolean AS new_construction_yn,
    NULL::numeric(14,2) AS association_fee,
    NULL::character varying(25) AS association_fee_frequency,
    NULL::text[] AS appliances,
    NULL::text[] AS cooling,
    NULL::text[] AS heating,
    NULL::text[] AS view,
    r.extra
   FROM estate.sale_record r
  WHERE (r.arms_length AND (estate.segment((r.property_type)::text) ~~ 'sale %'::text) AND (NOT (EXISTS ( SELECT
           FROM estate.listing l
          WHERE ((l.market_id = r.market_id) AND (l.property = r.property) AND ((l.standard_status)::text = 'Closed'::text) AND (l.close_price > (0)::numeric) AND (l.removed_at IS NULL) AND ((l.close_date >= (r.sale_date - 90)) AND (l.close_date <= (r.sale_date + 90))))))));


ALTER TABLE estate.sale OWNER TO estate_admin;

--
-- Name: VIEW sale; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON VIEW estate.sale IS 'Closed, arm''s-length prices: closed listings and registered sales that no listing tells of; no leases. What training reads';


--
-- Name: COLUMN sale.market_id; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.market_id IS 'Market; first part of every key';


--
-- Name: COLUMN sale.segment; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.segment IS 'Sale or lease and class of property, as estate.segment() says it: what a model is for';


--
-- Name: COLUMN sale.source; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.source IS 'Where the sale is told of: listing or record';


--
-- Name: COLUMN sale.listing; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.listing IS 'The closed listing; NULL for a registered sale';


--
-- Name: COLUMN sale.sale_record; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.sale_record IS 'The row of estate.sale_record; NULL for a listing';


--
-- Name: COLUMN sale.property; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.property IS 'The home itself, in estate.property';


--
-- Name: COLUMN sale.close_date; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.close_date IS 'RESO CloseDate: when the sale closed';


--
-- Name: COLUMN sale.price; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.price IS 'What was paid, in the market''s currency';


--
-- Name: COLUMN sale.property_type; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.property_type IS 'RESO PropertyType: Residential, Residential Lease, Land, ...';


--
-- Name: COLUMN sale.property_sub_type; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.property_sub_type IS 'RESO PropertySubType: Single Family Residence, Condominium, ...';


--
-- Name: COLUMN sale.city; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.city IS 'RESO City';


--
-- Name: COLUMN sale.state_or_province; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.state_or_province IS 'RESO StateOrProvince';


--
-- Name: COLUMN sale.postal_code; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.postal_code IS 'RESO PostalCode';


--
-- Name: COLUMN sale.county_or_parish; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.county_or_parish IS 'RESO CountyOrParish';


--
-- Name: COLUMN sale.subdivision_name; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.subdivision_name IS 'RESO SubdivisionName';


--
-- Name: COLUMN sale.mls_area_major; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.mls_area_major IS 'RESO MLSAreaMajor';


--
-- Name: COLUMN sale.latitude; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.latitude IS 'RESO Latitude, degrees north (WGS 84)';


--
-- Name: COLUMN sale.longitude; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.longitude IS 'RESO Longitude, degrees east (WGS 84)';


--
-- Name: COLUMN sale.living_area_sqm; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.living_area_sqm IS 'living_area in square metres, for comparing';


--
-- Name: COLUMN sale.lot_size_sqm; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.lot_size_sqm IS 'Size of the lot in square metres, for comparing';


--
-- Name: COLUMN sale.bedrooms_total; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.bedrooms_total IS 'RESO BedroomsTotal';


--
-- Name: COLUMN sale.bathrooms_total_integer; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.bathrooms_total_integer IS 'RESO BathroomsTotalInteger';


--
-- Name: COLUMN sale.bathrooms_full; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.bathrooms_full IS 'RESO BathroomsFull';


--
-- Name: COLUMN sale.bathrooms_half; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.bathrooms_half IS 'RESO BathroomsHalf';


--
-- Name: COLUMN sale.year_built; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.year_built IS 'RESO YearBuilt';


--
-- Name: COLUMN sale.stories_total; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.stories_total IS 'RESO StoriesTotal';


--
-- Name: COLUMN sale.garage_spaces; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.garage_spaces IS 'RESO GarageSpaces';


--
-- Name: COLUMN sale.pool_private_yn; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.pool_private_yn IS 'RESO PoolPrivateYN';


--
-- Name: COLUMN sale.waterfront_yn; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.waterfront_yn IS 'RESO WaterfrontYN';


--
-- Name: COLUMN sale.view_yn; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.view_yn IS 'RESO ViewYN';


--
-- Name: COLUMN sale.new_construction_yn; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.new_construction_yn IS 'RESO NewConstructionYN';


--
-- Name: COLUMN sale.association_fee; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.association_fee IS 'RESO AssociationFee';


--
-- Name: COLUMN sale.association_fee_frequency; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.association_fee_frequency IS 'RESO AssociationFeeFrequency';


--
-- Name: COLUMN sale.appliances; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.appliances IS 'RESO Appliances';


--
-- Name: COLUMN sale.cooling; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.cooling IS 'RESO Cooling';


--
-- Name: COLUMN sale.heating; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.heating IS 'RESO Heating';


--
-- Name: COLUMN sale.view; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.view IS 'RESO View: what is seen from the home';


--
-- Name: COLUMN sale.extra; Type: COMMENT; Schema: estate; Owner: estate_admin
--

COMMENT ON COLUMN estate.sale.extra IS 'Further fields by their names at the source';


--
-- Name: sale_record_id_seq; Type: SEQUENCE; Schema: estate; Owner: estate_admin
--

ALTER TABLE estate.sale_record ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME estate.sale_record_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: installation; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.installation (
    only_row boolean DEFAULT true NOT NULL,
    tables_version integer NOT NULL,
    system_id text,
    database_oid oid,
    CONSTRAINT installation_only_row_check CHECK (only_row)
);


ALTER TABLE estate_internal.installation OWNER TO postgres;

--
-- Name: TABLE installation; Type: COMMENT; Schema: estate_internal; Owner: postgres
--

COMMENT ON TABLE estate_internal.installation IS 'Version of the tables, and the database whose workers may run: a restored or copied database stays quiet until estate.enable_workers()';


--
-- Name: job_cancel; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_cancel (
    job bigint NOT NULL
);


ALTER TABLE estate_internal.job_cancel OWNER TO postgres;

--
-- Name: TABLE job_cancel; Type: COMMENT; Schema: estate_internal; Owner: postgres
--

COMMENT ON TABLE estate_internal.job_cancel IS 'Jobs that are to be cancelled';


--
-- Name: job_dependency; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_dependency (
    blocker bigint NOT NULL,
    job bigint NOT NULL,
    when_ended boolean NOT NULL,
    unsure boolean NOT NULL
);


ALTER TABLE estate_internal.job_dependency OWNER TO postgres;

--
-- Name: TABLE job_dependency; Type: COMMENT; Schema: estate_internal; Owner: postgres
--

COMMENT ON TABLE estate_internal.job_dependency IS 'Which jobs wait for which';


--
-- Name: job_ended_0; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ended_0 (
)
INHERITS (estate_internal.job_ended);


ALTER TABLE estate_internal.job_ended_0 OWNER TO postgres;

--
-- Name: TABLE job_ended_0; Type: COMMENT; Schema: estate_internal; Owner: postgres
--

COMMENT ON TABLE estate_internal.job_ended_0 IS 'A part of the history of jobs';


--
-- Name: job_id_seq; Type: SEQUENCE; Schema: estate_internal; Owner: postgres
--

CREATE SEQUENCE estate_internal.job_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 32;


ALTER TABLE estate_internal.job_id_seq OWNER TO postgres;

--
-- Name: job_lease_seq; Type: SEQUENCE; Schema: estate_internal; Owner: postgres
--

CREATE SEQUENCE estate_internal.job_lease_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE estate_internal.job_lease_seq OWNER TO postgres;

--
-- Name: job_ready_0_0_0; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_0_0_0 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_0_0_0 OWNER TO postgres;

--
-- Name: job_ready_0_0_1; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_0_0_1 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_0_0_1 OWNER TO postgres;

--
-- Name: job_ready_0_0_2; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_0_0_2 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_0_0_2 OWNER TO postgres;

--
-- Name: job_ready_0_1_0; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_0_1_0 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_0_1_0 OWNER TO postgres;

--
-- Name: job_ready_0_1_1; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_0_1_1 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_0_1_1 OWNER TO postgres;

--
-- Name: job_ready_0_1_2; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_0_1_2 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_0_1_2 OWNER TO postgres;

--
-- Name: job_ready_0_2_0; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_0_2_0 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_0_2_0 OWNER TO postgres;

--
-- Name: job_ready_0_2_1; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_0_2_1 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_0_2_1 OWNER TO postgres;

--
-- Name: job_ready_0_2_2; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_0_2_2 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_0_2_2 OWNER TO postgres;

--
-- Name: job_ready_1_0_0; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_1_0_0 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_1_0_0 OWNER TO postgres;

--
-- Name: job_ready_1_0_1; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_1_0_1 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_1_0_1 OWNER TO postgres;

--
-- Name: job_ready_1_0_2; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_1_0_2 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_1_0_2 OWNER TO postgres;

--
-- Name: job_ready_1_1_0; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_1_1_0 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_1_1_0 OWNER TO postgres;

--
-- Name: job_ready_1_1_1; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_1_1_1 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_1_1_1 OWNER TO postgres;

--
-- Name: job_ready_1_1_2; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_1_1_2 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_1_1_2 OWNER TO postgres;

--
-- Name: job_ready_1_2_0; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_1_2_0 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_1_2_0 OWNER TO postgres;

--
-- Name: job_ready_1_2_1; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_1_2_1 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_1_2_1 OWNER TO postgres;

--
-- Name: job_ready_1_2_2; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_1_2_2 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_1_2_2 OWNER TO postgres;

--
-- Name: job_ready_2_0_0; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_2_0_0 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_2_0_0 OWNER TO postgres;

--
-- Name: job_ready_2_0_1; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_2_0_1 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_2_0_1 OWNER TO postgres;

--
-- Name: job_ready_2_0_2; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_2_0_2 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_2_0_2 OWNER TO postgres;

--
-- Name: job_ready_2_1_0; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_2_1_0 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_2_1_0 OWNER TO postgres;

--
-- Name: job_ready_2_1_1; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_2_1_1 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_2_1_1 OWNER TO postgres;

--
-- Name: job_ready_2_1_2; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_2_1_2 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_2_1_2 OWNER TO postgres;

--
-- Name: job_ready_2_2_0; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_2_2_0 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_2_2_0 OWNER TO postgres;

--
-- Name: job_ready_2_2_1; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_2_2_1 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_2_2_1 OWNER TO postgres;

--
-- Name: job_ready_2_2_2; Type: TABLE; Schema: estate_internal; Owner: postgres
--

CREATE TABLE estate_internal.job_ready_2_2_2 (
)
INHERITS (estate_internal.job_ready)
WITH (autovacuum_enabled=off, toast.autovacuum_enabled=off);


ALTER TABLE estate_internal.job_ready_2_2_2 OWNER TO postgres;

--
-- Name: job_waiting; Type: VIEW; Schema: estate_internal; Owner: postgres
--

CREATE VIEW estate_internal.job_waiting AS
 SELECT job_open.id
   FROM estate_internal.job_open
UNION ALL
 SELECT job_ready.id
   FROM estate_internal.job_ready;


ALTER TABLE estate_internal.job_waiting OWNER TO postgres;

--
-- Name: VIEW job_waiting; Type: COMMENT; Schema: estate_internal; Owner: postgres
--

COMMENT ON VIEW estate_internal.job_waiting IS 'All jobs that have not ended';


--
-- Name: my_deals; Type: VIEW; Schema: public; Owner: postgres
--

CREATE VIEW public.my_deals AS
 SELECT deal.market_id,
    deal.id,
    deal.market,
    deal.source_system,
    deal.listing_key,
    deal.listing_id,
    deal.standard_status,
    deal.property_type,
    deal.property_sub_type,
    deal.segment,
    deal.for_sale,
    deal.unparsed_address,
    deal.city,
    deal.state_or_province,
    deal.postal_code,
    deal.latitude,
    deal.longitude,
    deal.bedrooms_total,
    deal.bathrooms_total_integer,
    deal.living_area_sqft,
    deal.living_area_sqm,
    deal.lot_size_sqm,
    deal.year_built,
    deal.photos_count,
    deal.on_market_date,
    deal.days_on_market,
    deal.close_date,
    deal.currency,
    deal.list_price,
    deal.close_price,
    deal.estimate,
    deal.low_80,
    deal.high_80,
    deal.low_90,
    deal.high_90,
    deal.fsd,
    deal.confidence,
    deal.below_estimate_pct,
    deal.deal_score,
    deal.deal_percentile,
    deal.price_per_area,
    deal.model_version,
    deal.scored_at,
    deal.changed_at
   FROM estate.deal;


ALTER TABLE public.my_deals OWNER TO postgres;

--
-- Name: my_feeds; Type: VIEW; Schema: public; Owner: postgres
--

CREATE VIEW public.my_feeds AS
 SELECT feed_status.name,
    feed_status.state,
    feed_status.failures
   FROM estate.feed_status;


ALTER TABLE public.my_feeds OWNER TO postgres;

--
-- Name: my_grams; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.my_grams (
    day date,
    part estate.gram
);


ALTER TABLE public.my_grams OWNER TO postgres;

--
-- Name: my_jobs; Type: VIEW; Schema: public; Owner: postgres
--

CREATE VIEW public.my_jobs AS
 SELECT job.id,
    job.state,
    job.handler
   FROM estate.job;


ALTER TABLE public.my_jobs OWNER TO postgres;

--
-- Name: my_listings; Type: VIEW; Schema: public; Owner: postgres
--

CREATE VIEW public.my_listings AS
 SELECT listing.listing_key,
    listing.my_score
   FROM estate.listing;


ALTER TABLE public.my_listings OWNER TO postgres;

--
-- Name: my_metrics; Type: VIEW; Schema: public; Owner: postgres
--

CREATE VIEW public.my_metrics AS
 SELECT metrics.queue,
    metrics.handler,
    metrics.done
   FROM estate.metrics;


ALTER TABLE public.my_metrics OWNER TO postgres;

--
-- Name: my_progress; Type: VIEW; Schema: public; Owner: postgres
--

CREATE VIEW public.my_progress AS
 SELECT progress.kind,
    progress.name,
    progress.id,
    progress.queue,
    progress.role,
    progress.started_at,
    progress.pid,
    progress.done,
    progress.total,
    progress.note
   FROM estate.progress;


ALTER TABLE public.my_progress OWNER TO postgres;

--
-- Name: my_queues; Type: VIEW; Schema: public; Owner: postgres
--

CREATE VIEW public.my_queues AS
 SELECT queue_status.queue,
    queue_status.available
   FROM estate.queue_status;


ALTER TABLE public.my_queues OWNER TO postgres;

--
-- Name: ran; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.ran (
    args jsonb
);


ALTER TABLE public.ran OWNER TO postgres;

--
-- Data for Name: estimate; Type: TABLE DATA; Schema: estate; Owner: estate_admin
--

COPY estate.estimate (market_id, listing, model_version, scored_at, estimate, low_80, high_80, low_90, high_90, fsd, confidence) FROM stdin;
1	2	1	2026-11-25 23:46:57.408756+00	1274219.27	1261087.73	1287487.54	1259100.63	1289519.44	0.0097	A
1	7	1	2026-11-25 23:46:57.408756+00	1096486.67	1088261.93	1104773.57	1087015.30	1106040.56	0.0070	A
1	13	1	2026-11-25 23:46:57.408756+00	945612.49	934757.23	956593.81	933115.71	958276.64	0.0108	A
1	18	1	2026-11-25 23:46:57.408756+00	831842.73	826945.91	836768.55	826203.01	837520.96	0.0055	A
1	24	1	2026-11-25 23:46:57.408756+00	738237.83	733883.16	742618.35	733222.51	743287.46	0.0055	A
1	29	1	2026-11-25 23:46:57.408756+00	652222.86	648219.97	656250.46	647612.77	656865.76	0.0058	A
1	35	1	2026-11-25 23:46:57.408756+00	588460.12	584172.99	592778.70	583523.11	593438.89	0.0068	A
1	40	1	2026-11-25 23:46:57.408756+00	535270.59	531957.61	538604.21	531455.08	539113.50	0.0058	A
1	45	1	2026-11-25 23:46:57.408756+00	1479250.10	1455111.83	1503788.80	1451471.98	1507559.84	0.0154	A
1	46	1	2026-11-25 23:46:57.408756+00	488739.37	484622.85	492890.85	483999.24	493525.91	0.0079	A
1	51	1	2026-11-25 23:46:57.408756+00	444423.17	440143.25	448744.71	439495.35	449406.25	0.0090	A
1	57	1	2026-11-25 23:46:57.408756+00	422682.88	418370.58	427039.63	417717.99	427706.78	0.0096	A
1	62	1	2026-11-25 23:46:57.408756+00	1668306.67	1638779.57	1698365.78	1634330.75	1702988.90	0.0167	A
1	63	1	2026-11-25 23:46:57.408756+00	1683801.86	1654000.52	1714140.15	1649510.38	1718806.22	0.0167	A
1	64	1	2026-11-25 23:46:57.408756+00	1667921.06	1639899.96	1696420.95	1635675.82	1700801.96	0.0158	A
1	65	1	2026-11-25 23:46:57.408756+00	1465437.01	1439610.08	1491727.28	1435718.59	1495770.58	0.0166	A
1	66	1	2026-11-25 23:46:57.408756+00	1321354.19	1305267.02	1337639.63	1302835.32	1340136.28	0.0114	A
1	67	1	2026-11-25 23:46:57.408756+00	1176019.86	1165050.53	1187092.48	1163389.67	1188787.17	0.0088	A
1	68	1	2026-11-25 23:46:57.408756+00	1046520.64	1035726.63	1057427.14	1034093.26	1059097.37	0.0097	A
1	69	1	2026-11-25 23:46:57.408756+00	946676.08	939215.57	954195.85	938085.03	955345.80	0.0074	A
1	1	1	2026-11-25 23:46:57.408756+00	304686.22	300923.99	308495.49	300355.36	309079.54	0.0116	A
1	3	1	2026-11-25 23:46:57.408756+00	327759.27	322180.37	333434.76	321339.47	334307.32	0.0160	A
1	4	1	2026-11-25 23:46:57.408756+00	329740.82	324396.53	335173.15	323590.61	336007.92	0.0153	A
1	5	1	2026-11-25 23:46:57.408756+00	328730.82	323291.65	334261.50	322471.58	335111.56	0.0156	A
1	6	1	2026-11-25 23:46:57.408756+00	331900.94	327184.15	336685.74	326472.02	337420.14	0.0134	A
1	8	1	2026-11-25 23:46:57.408756+00	337527.92	333748.34	341350.29	333176.70	341935.96	0.0105	A
1	9	1	2026-11-25 23:46:57.408756+00	340021.47	335189.58	344923.02	334460.07	345675.35	0.0134	A
1	10	1	2026-11-25 23:46:57.408756+00	343730.93	338728.94	348806.78	337973.90	349586.02	0.0137	A
1	11	1	2026-11-25 23:46:57.408756+00	344424.02	338920.88	350016.51	338090.89	350875.77	0.0151	A
1	12	1	2026-11-25 23:46:57.408756+00	307729.54	303493.06	312025.15	302853.28	312684.30	0.0130	A
1	14	1	2026-11-25 23:46:57.408756+00	349062.86	343844.67	354360.24	343057.18	355173.67	0.0141	A
1	15	1	2026-11-25 23:46:57.408756+00	350239.05	345858.43	354675.15	345196.39	355355.37	0.0118	A
1	16	1	2026-11-25 23:46:57.408756+00	352290.38	347312.08	357340.05	346560.43	358115.07	0.0133	A
1	17	1	2026-11-25 23:46:57.408756+00	355584.48	351003.01	360225.75	350310.78	360937.57	0.0121	A
1	19	1	2026-11-25 23:46:57.408756+00	356572.52	350646.76	362598.42	349753.37	363524.63	0.0157	A
1	20	1	2026-11-25 23:46:57.408756+00	358746.09	352396.70	365209.88	351440.04	366204.02	0.0167	A
1	21	1	2026-11-25 23:46:57.408756+00	361287.25	356739.07	365893.41	356051.75	366599.73	0.0118	A
1	22	1	2026-11-25 23:46:57.408756+00	364785.95	359331.41	370323.28	358508.26	371173.57	0.0141	A
1	23	1	2026-11-25 23:46:57.408756+00	311906.41	308041.30	315820.02	307457.14	316420.08	0.0117	A
1	25	1	2026-11-25 23:46:57.408756+00	367641.90	363057.80	372283.88	362365.00	372995.64	0.0117	A
1	26	1	2026-11-25 23:46:57.408756+00	368931.54	363342.66	374606.38	362499.33	375477.88	0.0143	A
1	27	1	2026-11-25 23:46:57.408756+00	371493.77	365977.39	377093.30	365144.85	377953.08	0.0140	A
1	28	1	2026-11-25 23:46:57.408756+00	370648.31	364866.86	376521.38	363994.69	377423.56	0.0147	A
1	30	1	2026-11-25 23:46:57.408756+00	379588.03	374979.51	384253.18	374282.88	384968.36	0.0114	A
1	31	1	2026-11-25 23:46:57.408756+00	381239.59	376868.48	385661.40	376207.48	386339.01	0.0108	A
1	32	1	2026-11-25 23:46:57.408756+00	383823.18	378211.96	389517.65	377364.99	390391.89	0.0138	A
1	33	1	2026-11-25 23:46:57.408756+00	387742.30	381911.53	393662.08	381031.64	394571.14	0.0142	A
1	34	1	2026-11-25 23:46:57.408756+00	312240.29	308451.76	316075.36	307879.08	316663.28	0.0114	A
1	36	1	2026-11-25 23:46:57.408756+00	386142.97	379308.69	393100.39	378278.97	394170.45	0.0167	A
1	37	1	2026-11-25 23:46:57.408756+00	390695.09	385524.15	395935.38	384743.01	396739.25	0.0124	A
1	38	1	2026-11-25 23:46:57.408756+00	391614.92	387264.30	396014.41	386606.26	396688.46	0.0104	A
1	39	1	2026-11-25 23:46:57.408756+00	393480.01	388525.34	398497.86	387776.59	399267.32	0.0118	A
1	41	1	2026-11-25 23:46:57.408756+00	397980.56	393399.91	402614.54	392707.24	403324.68	0.0108	A
1	42	1	2026-11-25 23:46:57.408756+00	399354.12	393212.65	405591.50	392286.06	406549.52	0.0145	A
1	43	1	2026-11-25 23:46:57.408756+00	402086.10	395421.62	408862.89	394416.83	409904.49	0.0156	A
1	44	1	2026-11-25 23:46:57.408756+00	405200.53	400368.53	410090.85	399638.03	410840.45	0.0112	A
1	47	1	2026-11-25 23:46:57.408756+00	411235.40	406402.89	416125.38	405672.24	416874.86	0.0110	A
1	48	1	2026-11-25 23:46:57.408756+00	410777.36	406532.67	415066.36	405890.36	415723.19	0.0097	A
1	49	1	2026-11-25 23:46:57.408756+00	411293.33	406246.49	416402.86	405483.67	417186.22	0.0115	A
1	50	1	2026-11-25 23:46:57.408756+00	413197.21	408341.04	418111.14	407606.81	418864.29	0.0110	A
1	52	1	2026-11-25 23:46:57.408756+00	414536.72	410221.78	418897.05	409568.87	419564.83	0.0098	A
1	53	1	2026-11-25 23:46:57.408756+00	419156.64	415401.13	422946.11	414832.39	423525.98	0.0084	A
1	54	1	2026-11-25 23:46:57.408756+00	420426.88	416921.28	423961.95	416390.20	424502.70	0.0078	A
1	55	1	2026-11-25 23:46:57.408756+00	422694.71	418264.14	427172.21	417593.76	427857.96	0.0098	A
1	56	1	2026-11-25 23:46:57.408756+00	315642.13	310234.73	321143.79	309419.73	321989.67	0.0161	A
1	58	1	2026-11-25 23:46:57.408756+00	318265.45	314377.10	322201.90	313789.36	322805.40	0.0115	A
1	59	1	2026-11-25 23:46:57.408756+00	321682.78	317001.55	326433.13	316294.93	327162.40	0.0137	A
1	60	1	2026-11-25 23:46:57.408756+00	326398.82	321829.40	331033.12	321139.43	331744.34	0.0132	A
\.


--
-- Data for Name: feed; Type: TABLE DATA; Schema: estate; Owner: postgres
--

COPY estate.feed (feed_id, name, market_id, source_system, preset, url, server, mapping, every, options, paused, owner, created_at) FROM stdin;
1	csv	1	csv	csv	\N	\N	\N	\N	{}	f	postgres	2026-11-25 23:46:57.360809+00
2	reso	1	reso	reso	\N	\N	\N	\N	{"media_target": "photos"}	f	postgres	2026-11-25 23:46:57.362859+00
3	polled	1	polled	csv	file:///tmp/pg_estate_none.csv	\N	\N	00:15:00	{}	f	postgres	2026-11-25 23:46:57.363909+00
\.


--
-- Data for Name: feed_reject; Type: TABLE DATA; Schema: estate; Owner: estate_admin
--

COPY estate.feed_reject (reject_id, feed_id, run_id, at, listing_key, field, reason_code, reason, raw, resolved_at) FROM stdin;
1	1	1	2026-11-25 23:46:57.371542+00	BROKEN	list_price	bad_type	"not a price" is not an amount of money	BROKEN,Active,Residential,,not a price,,,,,,	\N
\.


--
-- Data for Name: feed_run; Type: TABLE DATA; Schema: estate; Owner: estate_admin
--

COPY estate.feed_run (run_id, feed_id, started_at, ended_at, outcome, pages, seen, inserted, updated, unchanged, deleted, rejected, bytes, error) FROM stdin;
1	1	2026-11-25 23:46:57.366872+00	2026-11-25 23:46:57.371992+00	done	1	61	60	0	0	0	1	5791	\N
2	1	2026-11-25 23:46:57.372706+00	2026-11-25 23:46:57.373823+00	done	1	61	0	0	60	0	1	5791	\N
3	1	2026-11-25 23:46:57.374276+00	2026-11-25 23:46:57.375218+00	done	1	61	0	0	60	0	1	5791	\N
4	1	2026-11-25 23:46:57.375631+00	2026-11-25 23:46:57.376565+00	done	1	61	0	0	60	0	1	5791	\N
5	1	2026-11-25 23:46:57.37697+00	2026-11-25 23:46:57.378021+00	done	1	61	0	0	60	0	1	5791	\N
6	1	2026-11-25 23:46:57.378506+00	2026-11-25 23:46:57.379454+00	done	1	61	0	0	60	0	1	5791	\N
7	1	2026-11-25 23:46:57.379863+00	2026-11-25 23:46:57.380799+00	done	1	61	0	0	60	0	1	5791	\N
8	1	2026-11-25 23:46:57.381202+00	2026-11-25 23:46:57.382325+00	done	1	61	0	0	60	0	1	5791	\N
9	1	2026-11-25 23:46:57.382746+00	2026-11-25 23:46:57.383753+00	done	1	61	0	0	60	0	1	5791	\N
10	1	2026-11-25 23:46:57.384164+00	2026-11-25 23:46:57.385202+00	done	1	61	0	0	60	0	1	5791	\N
11	1	2026-11-25 23:46:57.386231+00	2026-11-25 23:46:57.387925+00	done	1	1	0	1	0	0	0	111	\N
12	2	2026-11-25 23:46:57.391247+00	2026-11-25 23:46:57.39581+00	done	1	8	8	0	0	0	0	20779	\N
\.


--
-- Data for Name: listing; Type: TABLE DATA; Schema: estate; Owner: estate_admin
--

COPY estate.listing (market_id, id, source_system, listing_key, feed_id, property, listing_id, originating_system_name, originating_system_key, universal_property_id, parcel_number, standard_status, mls_status, property_type, property_sub_type, currency, list_price, original_list_price, previous_list_price, close_price, close_date, listing_contract_date, on_market_date, off_market_date, purchase_contract_date, expiration_date, days_on_market, cumulative_days_on_market, unparsed_address, street_number, street_dir_prefix, street_name, street_suffix, street_dir_suffix, unit_number, city, state_or_province, postal_code, county_or_parish, country, subdivision_name, mls_area_major, latitude, longitude, bedrooms_total, bathrooms_total_integer, bathrooms_full, bathrooms_half, living_area, living_area_units, building_area_total, lot_size_area, lot_size_units, lot_size_acres, lot_size_square_feet, year_built, stories_total, garage_spaces, pool_private_yn, waterfront_yn, view_yn, new_construction_yn, association_fee, association_fee_frequency, tax_annual_amount, appliances, cooling, heating, view, public_remarks, photos_count, internet_entire_listing_display_yn, internet_address_display_yn, list_agent_key, list_agent_mls_id, list_agent_full_name, list_office_key, list_office_name, modification_timestamp, original_entry_timestamp, photos_change_timestamp, status_change_timestamp, price_change_timestamp, major_change_timestamp, major_change_type, extra, content_hash, first_seen_at, changed_at, run_id, removed_at, removed_reason, my_score) FROM stdin;
1	14	csv	K21	1	14	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	202100.00	\N	\N	350000.00	2025-01-22	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98000	\N	\N	\N	\N	47.51	-122.2	\N	\N	\N	\N	1210.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	4514394525254141397	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.369928+00	1	\N	\N	14
1	15	csv	K22	1	15	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	202200.00	\N	\N	353000.00	2025-01-23	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98001	\N	\N	\N	\N	47.52	-122.19	\N	\N	\N	\N	1220.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	4492634824973295397	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.369935+00	1	\N	\N	15
1	1	csv	K1	1	1	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	200100.00	\N	\N	303000.00	2025-01-02	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98001	\N	\N	\N	\N	47.51	-122.19	\N	\N	\N	\N	1010.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	1473084217999695182	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.369632+00	1	\N	\N	1
1	2	csv	K10	1	2	\N	\N	\N	\N	\N	Active	\N	Residential	Single Family Residence	USD	201000.00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98001	\N	\N	\N	\N	47.5	-122.17	\N	\N	\N	\N	1100.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	-5732545653962426403	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.369829+00	1	\N	\N	2
1	3	csv	K11	1	3	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	201100.00	\N	\N	333000.00	2025-01-12	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98002	\N	\N	\N	\N	47.51	-122.16	\N	\N	\N	\N	1110.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	8591902098761879668	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.369843+00	1	\N	\N	3
1	4	csv	K12	1	4	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	201200.00	\N	\N	336000.00	2025-01-13	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98000	\N	\N	\N	\N	47.52	-122.15	\N	\N	\N	\N	1120.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	6123424866309404978	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.369852+00	1	\N	\N	4
1	5	csv	K13	1	5	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	201300.00	\N	\N	326000.00	2025-01-14	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98001	\N	\N	\N	\N	47.53	-122.14	\N	\N	\N	\N	1130.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	5165585453136144471	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.369863+00	1	\N	\N	5
1	6	csv	K14	1	6	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	201400.00	\N	\N	329000.00	2025-01-15	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98002	\N	\N	\N	\N	47.54	-122.2	\N	\N	\N	\N	1140.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	2812856785097977119	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.36987+00	1	\N	\N	6
1	7	csv	K15	1	7	\N	\N	\N	\N	\N	Active	\N	Residential	Single Family Residence	USD	201500.00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98000	\N	\N	\N	\N	47.55	-122.19	\N	\N	\N	\N	1150.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	4730419218219742155	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.369877+00	1	\N	\N	7
1	8	csv	K16	1	8	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	201600.00	\N	\N	335000.00	2025-01-17	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98001	\N	\N	\N	\N	47.56	-122.18	\N	\N	\N	\N	1160.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	-8859524178718927931	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.369884+00	1	\N	\N	8
1	9	csv	K17	1	9	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	201700.00	\N	\N	338000.00	2025-01-18	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98002	\N	\N	\N	\N	47.57	-122.17	\N	\N	\N	\N	1170.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	1685391890345887921	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.369891+00	1	\N	\N	9
1	10	csv	K18	1	10	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	201800.00	\N	\N	341000.00	2025-01-19	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98000	\N	\N	\N	\N	47.58	-122.16	\N	\N	\N	\N	1180.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	3616349211091556371	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.369898+00	1	\N	\N	10
1	11	csv	K19	1	11	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	201900.00	\N	\N	344000.00	2025-01-20	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98001	\N	\N	\N	\N	47.59	-122.15	\N	\N	\N	\N	1190.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	4075839148544070450	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.369907+00	1	\N	\N	11
1	12	csv	K2	1	12	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	200200.00	\N	\N	306000.00	2025-01-03	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98002	\N	\N	\N	\N	47.52	-122.18	\N	\N	\N	\N	1020.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	9087663981152418929	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.369914+00	1	\N	\N	12
1	13	csv	K20	1	13	\N	\N	\N	\N	\N	Active	\N	Residential	Single Family Residence	USD	202000.00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98002	\N	\N	\N	\N	47.5	-122.14	\N	\N	\N	\N	1200.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	-91109438363547579	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.369921+00	1	\N	\N	13
1	16	csv	K23	1	16	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	202300.00	\N	\N	356000.00	2025-01-24	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98002	\N	\N	\N	\N	47.53	-122.18	\N	\N	\N	\N	1230.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	-4331847963053773142	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.369943+00	1	\N	\N	16
1	17	csv	K24	1	17	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	202400.00	\N	\N	359000.00	2025-01-25	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98000	\N	\N	\N	\N	47.54	-122.17	\N	\N	\N	\N	1240.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	2709408718837591774	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.36995+00	1	\N	\N	17
1	18	csv	K25	1	18	\N	\N	\N	\N	\N	Active	\N	Residential	Single Family Residence	USD	202500.00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98001	\N	\N	\N	\N	47.55	-122.16	\N	\N	\N	\N	1250.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	792061548640710673	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.369959+00	1	\N	\N	18
1	19	csv	K26	1	19	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	202600.00	\N	\N	352000.00	2025-01-27	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98002	\N	\N	\N	\N	47.56	-122.15	\N	\N	\N	\N	1260.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	3808182586392964119	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.369966+00	1	\N	\N	19
1	20	csv	K27	1	20	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	202700.00	\N	\N	355000.00	2025-01-28	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98000	\N	\N	\N	\N	47.57	-122.14	\N	\N	\N	\N	1270.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	-2262905216732949212	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.369973+00	1	\N	\N	20
1	21	csv	K28	1	21	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	202800.00	\N	\N	358000.00	2025-01-29	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98001	\N	\N	\N	\N	47.58	-122.2	\N	\N	\N	\N	1280.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	1382737123970724431	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.36998+00	1	\N	\N	21
1	22	csv	K29	1	22	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	202900.00	\N	\N	361000.00	2025-01-30	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98002	\N	\N	\N	\N	47.59	-122.19	\N	\N	\N	\N	1290.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	2317863566697771237	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.369987+00	1	\N	\N	22
1	23	csv	K3	1	23	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	200300.00	\N	\N	309000.00	2025-01-04	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98000	\N	\N	\N	\N	47.53	-122.17	\N	\N	\N	\N	1030.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	-7907097408126537868	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.369994+00	1	\N	\N	23
1	24	csv	K30	1	24	\N	\N	\N	\N	\N	Active	\N	Residential	Single Family Residence	USD	203000.00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98000	\N	\N	\N	\N	47.5	-122.18	\N	\N	\N	\N	1300.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	2632202614943472241	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370001+00	1	\N	\N	24
1	25	csv	K31	1	25	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	203100.00	\N	\N	367000.00	2025-02-01	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98001	\N	\N	\N	\N	47.51	-122.17	\N	\N	\N	\N	1310.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	5999108782496596712	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.37001+00	1	\N	\N	25
1	26	csv	K32	1	26	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	203200.00	\N	\N	370000.00	2025-02-02	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98002	\N	\N	\N	\N	47.52	-122.16	\N	\N	\N	\N	1320.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	7454906743401887311	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370017+00	1	\N	\N	26
1	27	csv	K33	1	27	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	203300.00	\N	\N	373000.00	2025-02-03	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98000	\N	\N	\N	\N	47.53	-122.15	\N	\N	\N	\N	1330.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	7464487194477224696	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370024+00	1	\N	\N	27
1	28	csv	K34	1	28	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	203400.00	\N	\N	376000.00	2025-02-04	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98001	\N	\N	\N	\N	47.54	-122.14	\N	\N	\N	\N	1340.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	8214351942246317719	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370031+00	1	\N	\N	28
1	29	csv	K35	1	29	\N	\N	\N	\N	\N	Active	\N	Residential	Single Family Residence	USD	203500.00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98002	\N	\N	\N	\N	47.55	-122.2	\N	\N	\N	\N	1350.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	-1783406862358280528	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370038+00	1	\N	\N	29
1	30	csv	K36	1	30	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	203600.00	\N	\N	382000.00	2025-02-06	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98000	\N	\N	\N	\N	47.56	-122.19	\N	\N	\N	\N	1360.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	-256543375130988706	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370045+00	1	\N	\N	30
1	31	csv	K37	1	31	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	203700.00	\N	\N	385000.00	2025-02-07	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98001	\N	\N	\N	\N	47.57	-122.18	\N	\N	\N	\N	1370.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	-438245788400953	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370054+00	1	\N	\N	31
1	32	csv	K38	1	32	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	203800.00	\N	\N	388000.00	2025-02-08	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98002	\N	\N	\N	\N	47.58	-122.17	\N	\N	\N	\N	1380.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	3985554665213256321	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370061+00	1	\N	\N	32
1	33	csv	K39	1	33	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	203900.00	\N	\N	378000.00	2025-02-09	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98000	\N	\N	\N	\N	47.59	-122.16	\N	\N	\N	\N	1390.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	5132625249728309797	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370068+00	1	\N	\N	33
1	34	csv	K4	1	34	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	200400.00	\N	\N	312000.00	2025-01-05	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98001	\N	\N	\N	\N	47.54	-122.16	\N	\N	\N	\N	1040.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	8212767883882798914	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370168+00	1	\N	\N	34
1	35	csv	K40	1	35	\N	\N	\N	\N	\N	Active	\N	Residential	Single Family Residence	USD	204000.00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98001	\N	\N	\N	\N	47.5	-122.15	\N	\N	\N	\N	1400.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	8093631273549154128	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370177+00	1	\N	\N	35
1	36	csv	K41	1	36	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	204100.00	\N	\N	384000.00	2025-02-11	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98002	\N	\N	\N	\N	47.51	-122.14	\N	\N	\N	\N	1410.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	-1107401692922209934	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370185+00	1	\N	\N	36
1	37	csv	K42	1	37	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	204200.00	\N	\N	387000.00	2025-02-12	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98000	\N	\N	\N	\N	47.52	-122.2	\N	\N	\N	\N	1420.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	-503787268859368824	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370192+00	1	\N	\N	37
1	38	csv	K43	1	38	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	204300.00	\N	\N	390000.00	2025-02-13	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98001	\N	\N	\N	\N	47.53	-122.19	\N	\N	\N	\N	1430.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	8511988952307252144	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370202+00	1	\N	\N	38
1	39	csv	K44	1	39	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	204400.00	\N	\N	393000.00	2025-02-14	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98002	\N	\N	\N	\N	47.54	-122.18	\N	\N	\N	\N	1440.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	1130734875371082462	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.37021+00	1	\N	\N	39
1	40	csv	K45	1	40	\N	\N	\N	\N	\N	Active	\N	Residential	Single Family Residence	USD	204500.00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98000	\N	\N	\N	\N	47.55	-122.17	\N	\N	\N	\N	1450.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	476610425106876233	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370217+00	1	\N	\N	40
1	41	csv	K46	1	41	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	204600.00	\N	\N	399000.00	2025-02-16	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98001	\N	\N	\N	\N	47.56	-122.16	\N	\N	\N	\N	1460.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	7624455308166003778	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370224+00	1	\N	\N	41
1	42	csv	K47	1	42	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	204700.00	\N	\N	402000.00	2025-02-17	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98002	\N	\N	\N	\N	47.57	-122.15	\N	\N	\N	\N	1470.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	-1993849555098026409	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370231+00	1	\N	\N	42
1	43	csv	K48	1	43	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	204800.00	\N	\N	405000.00	2025-02-18	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98000	\N	\N	\N	\N	47.58	-122.14	\N	\N	\N	\N	1480.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	5660933547468903105	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370238+00	1	\N	\N	43
1	44	csv	K49	1	44	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	204900.00	\N	\N	408000.00	2025-02-19	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98001	\N	\N	\N	\N	47.59	-122.2	\N	\N	\N	\N	1490.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	-8337007499338453312	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370245+00	1	\N	\N	44
1	46	csv	K50	1	46	\N	\N	\N	\N	\N	Active	\N	Residential	Single Family Residence	USD	205000.00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98002	\N	\N	\N	\N	47.5	-122.19	\N	\N	\N	\N	1500.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	3938941680902439716	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370262+00	1	\N	\N	46
1	47	csv	K51	1	47	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	205100.00	\N	\N	414000.00	2025-02-21	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98000	\N	\N	\N	\N	47.51	-122.18	\N	\N	\N	\N	1510.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	-1759584616761205705	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.37027+00	1	\N	\N	47
1	48	csv	K52	1	48	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	205200.00	\N	\N	404000.00	2025-02-22	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98001	\N	\N	\N	\N	47.52	-122.17	\N	\N	\N	\N	1520.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	-7909076375110133927	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370277+00	1	\N	\N	48
1	49	csv	K53	1	49	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	205300.00	\N	\N	407000.00	2025-02-23	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98002	\N	\N	\N	\N	47.53	-122.16	\N	\N	\N	\N	1530.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	-4238755123776467491	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370284+00	1	\N	\N	49
1	50	csv	K54	1	50	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	205400.00	\N	\N	410000.00	2025-02-24	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98000	\N	\N	\N	\N	47.54	-122.15	\N	\N	\N	\N	1540.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	3396064113583979990	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370292+00	1	\N	\N	50
1	51	csv	K55	1	51	\N	\N	\N	\N	\N	Active	\N	Residential	Single Family Residence	USD	205500.00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98001	\N	\N	\N	\N	47.55	-122.14	\N	\N	\N	\N	1550.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	2610098434452647008	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370301+00	1	\N	\N	51
1	52	csv	K56	1	52	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	205600.00	\N	\N	416000.00	2025-02-26	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98002	\N	\N	\N	\N	47.56	-122.2	\N	\N	\N	\N	1560.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	7329879042608257150	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370308+00	1	\N	\N	52
1	53	csv	K57	1	53	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	205700.00	\N	\N	419000.00	2025-02-27	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98000	\N	\N	\N	\N	47.57	-122.19	\N	\N	\N	\N	1570.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	-2021789732513848312	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370316+00	1	\N	\N	53
1	54	csv	K58	1	54	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	205800.00	\N	\N	422000.00	2025-02-28	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98001	\N	\N	\N	\N	47.58	-122.18	\N	\N	\N	\N	1580.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	-7937900392017568795	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370323+00	1	\N	\N	54
1	55	csv	K59	1	55	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	205900.00	\N	\N	425000.00	2025-03-01	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98002	\N	\N	\N	\N	47.59	-122.17	\N	\N	\N	\N	1590.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	1604170515339963055	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.37033+00	1	\N	\N	55
1	56	csv	K6	1	56	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	200600.00	\N	\N	318000.00	2025-01-07	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98000	\N	\N	\N	\N	47.56	-122.14	\N	\N	\N	\N	1060.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	4089502543069471949	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370338+00	1	\N	\N	56
1	57	csv	K60	1	57	\N	\N	\N	\N	\N	Active	\N	Residential	Single Family Residence	USD	206000.00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98000	\N	\N	\N	\N	47.5	-122.16	\N	\N	\N	\N	1600.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	2919614519999045471	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370345+00	1	\N	\N	57
1	58	csv	K7	1	58	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	200700.00	\N	\N	321000.00	2025-01-08	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98001	\N	\N	\N	\N	47.57	-122.2	\N	\N	\N	\N	1070.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	-5331463736489736612	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370354+00	1	\N	\N	58
1	59	csv	K8	1	59	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	200800.00	\N	\N	324000.00	2025-01-09	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98002	\N	\N	\N	\N	47.58	-122.19	\N	\N	\N	\N	1080.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	-751308702470538107	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370361+00	1	\N	\N	59
1	60	csv	K9	1	60	\N	\N	\N	\N	\N	Closed	\N	Residential	Single Family Residence	USD	200900.00	\N	\N	327000.00	2025-01-10	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98000	\N	\N	\N	\N	47.59	-122.18	\N	\N	\N	\N	1090.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	-5213881453283089719	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.370368+00	1	\N	\N	60
1	45	csv	K5	1	45	\N	\N	\N	\N	\N	Active	\N	Residential	Single Family Residence	USD	199000.00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	98002	\N	\N	\N	\N	47.55	-122.15	\N	\N	\N	\N	1050.00	Square Feet	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}	6416792027143340114	2026-11-25 23:46:57.365814+00	2026-11-25 23:46:57.387659+00	11	\N	\N	45
1	62	reso	TST000001	2	61	TST700001	testmls	\N	\N	00-0001-00	Active	Active	Residential	Single Family Residence	USD	362500.00	372500.00	\N	\N	\N	2026-01-02	2026-01-02	\N	\N	\N	\N	\N	101 Example Street	101	\N	Example	Street	\N	\N	Lakemont	WA	98006	\N	US	\N	\N	47.561	-122.121	3	2	2	1	937.50	Square Feet	\N	0.1130	Acres	\N	4922.28	1951	\N	\N	f	\N	\N	\N	\N	\N	\N	{Dishwasher,Range}	{"Central Air"}	\N	\N	Fictional listing — café-style kitchen, “quotes”, and a line\nbreak.	2	t	t	TSTA001	TSTA1	\N	TSTO001	Example Realty	2026-02-01 08:00:01.001+00	2026-01-02 09:15:00+00	2026-02-01 08:00:01.001+00	2026-01-02 09:15:00+00	\N	\N	\N	{"MlgCanView": true, "TST_LocalField": "local-1"}	-6874815197326418030	2026-11-25 23:46:57.390706+00	2026-11-25 23:46:57.393505+00	12	\N	\N	62
1	63	reso	TST000002	2	62	TST700002	testmls	\N	\N	00-0002-00	Active	Active	Residential	Single Family Residence	USD	375000.00	385000.00	\N	\N	\N	2026-01-03	2026-01-03	\N	\N	\N	\N	\N	102 Example Street	102	\N	Example	Street	\N	\N	Harbor Point	WA	98101	\N	US	\N	\N	47.612	-122.332	4	3	1	0	975.00	Square Feet	\N	0.1260	Acres	\N	5488.56	1952	\N	\N	f	\N	\N	\N	\N	\N	\N	{}	{"Central Air"}	\N	\N	Fictional listing — café-style kitchen, “quotes”, and a line\nbreak.	2	t	t	TSTA001	TSTA1	\N	TSTO001	Example Realty	2026-02-02 08:00:02.002+00	2026-01-03 09:15:00+00	2026-02-02 08:00:02.002+00	2026-01-03 09:15:00+00	\N	\N	\N	{"MlgCanView": true, "TST_LocalField": "local-2"}	-7007405309127343042	2026-11-25 23:46:57.390706+00	2026-11-25 23:46:57.39356+00	12	\N	\N	63
1	64	reso	TST000003	2	63	TST700003	testmls	\N	\N	00-0003-00	Active	Active	Residential	Single Family Residence	USD	387500.00	397500.00	\N	\N	\N	2026-01-04	2026-01-04	\N	\N	\N	\N	\N	103 Example Street	103	\N	Example	Street	\N	\N	Northfield	WA	98001	\N	US	\N	\N	47.313	-122.263	5	1	2	1	1012.50	Square Feet	\N	0.1390	Acres	\N	6054.84	1953	\N	\N	f	\N	\N	\N	\N	\N	\N	{Dishwasher,Range}	{"Central Air"}	\N	\N	Fictional listing — café-style kitchen, “quotes”, and a line\nbreak.	2	t	t	TSTA001	TSTA1	\N	TSTO001	Example Realty	2026-02-02 08:00:03.003+00	2026-01-04 09:15:00+00	2026-02-02 08:00:03.003+00	2026-01-04 09:15:00+00	\N	\N	\N	{"MlgCanView": true, "TST_LocalField": "local-3"}	-4767524067426579328	2026-11-25 23:46:57.390706+00	2026-11-25 23:46:57.393631+00	12	\N	\N	64
1	65	reso	TST000004	2	64	TST700004	testmls	\N	\N	00-0004-00	Active	Active	Residential	Condominium	USD	400000.00	410000.00	\N	\N	\N	2026-01-05	2026-01-05	\N	\N	\N	\N	\N	104 Example Street #4	104	\N	Example	Street	\N	4	Lakemont	WA	98006	\N	US	\N	\N	47.564	-122.124	2	2	1	0	1050.00	Square Feet	\N	0.1520	Acres	\N	6621.12	1954	\N	\N	f	\N	\N	\N	250.50	Monthly	\N	{}	{"Central Air"}	\N	\N	Fictional listing — café-style kitchen, “quotes”, and a line\nbreak.	2	t	t	TSTA001	TSTA1	\N	TSTO001	Example Realty	2026-02-03 08:00:04.004+00	2026-01-05 09:15:00+00	2026-02-03 08:00:04.004+00	2026-01-05 09:15:00+00	\N	\N	\N	{"MlgCanView": true, "TST_LocalField": "local-4"}	-5470557036058282613	2026-11-25 23:46:57.390706+00	2026-11-25 23:46:57.393643+00	12	\N	\N	65
1	66	reso	TST000005	2	65	TST700005	testmls	\N	\N	00-0005-00	Active	Active	Residential	Single Family Residence	USD	412500.00	422500.00	\N	\N	\N	2026-01-06	2026-01-06	\N	\N	\N	\N	\N	105 Example Street	105	\N	Example	Street	\N	\N	Harbor Point	WA	98101	\N	US	\N	\N	47.615	-122.335	3	3	2	1	1087.50	Square Feet	\N	0.1650	Acres	\N	7187.40	1955	\N	\N	t	\N	\N	\N	\N	\N	\N	{Dishwasher,Range}	{"Central Air"}	\N	\N	Fictional listing — café-style kitchen, “quotes”, and a line\nbreak.	2	t	t	TSTA001	TSTA1	\N	TSTO001	Example Realty	2026-02-03 08:00:05.005+00	2026-01-06 09:15:00+00	2026-02-03 08:00:05.005+00	2026-01-06 09:15:00+00	\N	\N	\N	{"MlgCanView": true, "TST_LocalField": "local-5"}	1756461822256263578	2026-11-25 23:46:57.390706+00	2026-11-25 23:46:57.393654+00	12	\N	\N	66
1	67	reso	TST000006	2	66	TST700006	testmls	\N	\N	00-0006-00	Active	Active	Residential	Single Family Residence	USD	425000.00	435000.00	\N	\N	\N	2026-01-07	2026-01-07	\N	\N	\N	\N	\N	106 Example Street	106	\N	Example	Street	\N	\N	Northfield	WA	98001	\N	US	\N	\N	47.316	-122.266	4	1	1	0	1125.00	Square Feet	\N	0.1780	Acres	\N	7753.68	1956	\N	\N	f	\N	\N	\N	\N	\N	\N	{}	{"Central Air"}	\N	\N	Fictional listing — café-style kitchen, “quotes”, and a line\nbreak.	2	t	t	TSTA001	TSTA1	\N	TSTO001	Example Realty	2026-02-04 08:00:06.006+00	2026-01-07 09:15:00+00	2026-02-04 08:00:06.006+00	2026-01-07 09:15:00+00	\N	\N	\N	{"MlgCanView": true, "TST_LocalField": "local-6"}	5834803289923027668	2026-11-25 23:46:57.390706+00	2026-11-25 23:46:57.393664+00	12	\N	\N	67
1	68	reso	TST000007	2	67	TST700007	testmls	\N	\N	00-0007-00	Active	Active	Residential	Single Family Residence	USD	437500.00	447500.00	\N	\N	\N	2026-01-08	2026-01-08	\N	\N	\N	\N	\N	107 Example Street	107	\N	Example	Street	\N	\N	Lakemont	WA	98006	\N	US	\N	\N	47.567	-122.127	5	2	2	1	1162.50	Square Feet	\N	0.1910	Acres	\N	8319.96	1957	\N	\N	f	\N	\N	\N	\N	\N	\N	{Dishwasher,Range}	{"Central Air"}	\N	\N	Fictional listing — café-style kitchen, “quotes”, and a line\nbreak.	2	t	f	TSTA001	TSTA1	\N	TSTO001	Example Realty	2026-02-04 08:00:07.007+00	2026-01-08 09:15:00+00	2026-02-04 08:00:07.007+00	2026-01-08 09:15:00+00	\N	\N	\N	{"MlgCanView": true, "TST_LocalField": "local-7"}	-2509799245555771434	2026-11-25 23:46:57.390706+00	2026-11-25 23:46:57.393674+00	12	\N	\N	68
1	69	reso	TST000008	2	68	TST700008	testmls	\N	\N	00-0008-00	Active	Active	Residential	Condominium	USD	450000.00	460000.00	\N	\N	\N	2026-01-09	2026-01-09	\N	\N	\N	\N	\N	108 Example Street #8	108	\N	Example	Street	\N	8	Harbor Point	WA	98101	\N	US	\N	\N	47.618	-122.338	2	3	1	0	1200.00	Square Feet	\N	0.2040	Acres	\N	8886.24	1958	\N	\N	f	\N	\N	\N	250.50	Monthly	\N	{}	{"Central Air"}	\N	\N	Fictional listing — café-style kitchen, “quotes”, and a line\nbreak.	2	t	t	TSTA001	TSTA1	\N	TSTO001	Example Realty	2026-02-05 08:00:08.008+00	2026-01-09 09:15:00+00	2026-02-05 08:00:08.008+00	2026-01-09 09:15:00+00	\N	\N	\N	{"MlgCanView": true, "TST_LocalField": "local-8"}	-8654251952685485773	2026-11-25 23:46:57.390706+00	2026-11-25 23:46:57.393683+00	12	\N	\N	69
\.


--
-- Data for Name: listing_change; Type: TABLE DATA; Schema: estate; Owner: estate_admin
--

COPY estate.listing_change (market_id, id, listing, at, run_id, field, old_value, new_value) FROM stdin;
1	1	45	2026-11-25 23:46:57.386828+00	11	list_price	200500.00	199000.00
\.


--
-- Data for Name: market; Type: TABLE DATA; Schema: estate; Owner: estate_admin
--

COPY estate.market (market_id, name, currency, area_unit, time_zone, created_at) FROM stdin;
1	county	USD	sqft	America/Chicago	2026-11-25 23:46:57.328014+00
\.


--
-- Data for Name: media; Type: TABLE DATA; Schema: estate; Owner: estate_admin
--

COPY estate.media (market_id, listing, media_key, media_url, media_order, media_category, media_modification_timestamp, preferred_photo_yn, short_description, target, stored_as, stored_bytes, stored_sha256, stored_at, stored_error) FROM stdin;
1	67	TST000006-1	http://feed.test/media/000006/1.jpg	1	Photo	2026-02-04 08:00:06.006+00	f	\N	\N	\N	\N	\N	\N	could not create directory "/tmp/pg_estate_none/1": No such file or directory
1	64	TST000003-1	http://feed.test/media/000003/1.jpg	1	Photo	2026-02-02 08:00:03.003+00	f	\N	\N	\N	\N	\N	\N	could not create directory "/tmp/pg_estate_none/1": No such file or directory
1	65	TST000004-0	http://feed.test/media/000004/0.jpg	0	Photo	2026-02-03 08:00:04.004+00	t	\N	\N	\N	\N	\N	\N	could not create directory "/tmp/pg_estate_none/1": No such file or directory
1	64	TST000003-0	http://feed.test/media/000003/0.jpg	0	Photo	2026-02-02 08:00:03.003+00	t	\N	\N	\N	\N	\N	\N	could not create directory "/tmp/pg_estate_none/1": No such file or directory
1	69	TST000008-0	http://feed.test/media/000008/0.jpg	0	Photo	2026-02-05 08:00:08.008+00	t	\N	\N	\N	\N	\N	\N	could not create directory "/tmp/pg_estate_none/1": No such file or directory
1	68	TST000007-1	http://feed.test/media/000007/1.jpg	1	Photo	2026-02-04 08:00:07.007+00	f	\N	\N	\N	\N	\N	\N	could not create directory "/tmp/pg_estate_none/1": No such file or directory
1	67	TST000006-0	http://feed.test/media/000006/0.jpg	0	Photo	2026-02-04 08:00:06.006+00	t	\N	\N	\N	\N	\N	\N	could not create directory "/tmp/pg_estate_none/1": No such file or directory
1	63	TST000002-1	http://feed.test/media/000002/1.jpg	1	Photo	2026-02-02 08:00:02.002+00	f	\N	\N	\N	\N	\N	\N	could not create directory "/tmp/pg_estate_none/1": No such file or directory
1	68	TST000007-0	http://feed.test/media/000007/0.jpg	0	Photo	2026-02-04 08:00:07.007+00	t	\N	\N	\N	\N	\N	\N	could not create directory "/tmp/pg_estate_none/1": No such file or directory
1	66	TST000005-0	http://feed.test/media/000005/0.jpg	0	Photo	2026-02-03 08:00:05.005+00	t	\N	\N	\N	\N	\N	\N	could not create directory "/tmp/pg_estate_none/1": No such file or directory
1	62	TST000001-0	http://feed.test/media/000001/0.jpg	0	Photo	2026-02-01 08:00:01.001+00	t	\N	\N	\N	\N	\N	\N	could not create directory "/tmp/pg_estate_none/1": No such file or directory
1	69	TST000008-1	http://feed.test/media/000008/1.jpg	1	Photo	2026-02-05 08:00:08.008+00	f	\N	\N	\N	\N	\N	\N	could not create directory "/tmp/pg_estate_none/1": No such file or directory
1	62	TST000001-1	http://feed.test/media/000001/1.jpg	1	Photo	2026-02-01 08:00:01.001+00	f	\N	\N	\N	\N	\N	\N	could not create directory "/tmp/pg_estate_none/1": No such file or directory
1	65	TST000004-1	http://feed.test/media/000004/1.jpg	1	Photo	2026-02-03 08:00:04.004+00	f	\N	\N	\N	\N	\N	\N	could not create directory "/tmp/pg_estate_none/1": No such file or directory
1	63	TST000002-0	http://feed.test/media/000002/0.jpg	0	Photo	2026-02-02 08:00:02.002+00	t	\N	\N	\N	\N	\N	\N	could not create directory "/tmp/pg_estate_none/1": No such file or directory
1	66	TST000005-1	http://feed.test/media/000005/1.jpg	1	Photo	2026-02-03 08:00:05.005+00	f	\N	\N	\N	\N	\N	\N	could not create directory "/tmp/pg_estate_none/1": No such file or directory
\.


--
-- Data for Name: model; Type: TABLE DATA; Schema: estate; Owner: estate_admin
--

COPY estate.model (market_id, segment, version, active, trained_at, as_of, sales, features, r2_log, mdape, seconds, definition) FROM stdin;
1	sale residential	1	t	2026-11-25 23:46:57.397014+00	2026-11-26	49	16	0.9958349281167811	0.98616138326586	0.009246734	hedonic 1\nsales 49\nfeatures 6\nnumber "latitude" 0 0 0 1 47.51 47.59 0.3651483716708112 47.54999999999998 0.0273861278752587 0\nnumber "longitude" 0 0 0 1 -122.2 -122.14 0.06397475627584887 -122.17124999999999 0.019538956812822438 0\nnumber "living_area_sqm" 1 0 0 0 4.541484634301958 4.995318589984363 0.12342976974325594 4.7849286661086845 0.13473519329566724 5 -1.661146288827198 -0.7787819717576214 0.12342976974325594 0.8258272457249356 1.4674606285940615\nword "property_sub_type" 1 "Single Family Residence"\nword "postal_code" 3 "98000" "98001" "98002"\nnumber "day" 0 0 0 1 9132 9191 -0.02198567560894041 9161.387755102041 17.63671532949075 0\ncoefficients 17 12.877386701051819 0.0009531371681888906 0.001939606810113039 -0.0010876637492422926 -0.002725617414140843 -0.40763784574916395 -0.046434953739614905 0.015702790557272292 0.04579152797989495 0.04206669691002706 0.025470026072896505 0.005687541969996534 0.004588912054610941 0.0007151120022179712 0.0003835179219114534 0.5241134666987225 -0.05826893433534297\nspread 17 -5.3576353467078865 -4.8926094219889945e-06 0.06269309613753088 0.08722293913079333 0.07168692053233493 -0.9228146544710286 0.19847116729614253 0.3442743475439436 0.5962595093162737 0.19654620261234582 0.18616650554147138 -0.005562180247795013 -0.007792901563441684 -0.08527192914818044 0.08750265046374985 0.11045723836307453 -0.35426238231440615\ncalibration 5 -5.9601740389912266 -4.397906100831029 1.3562214697381092 1.451453415872959 1.6724067985410132\n
\.


--
-- Data for Name: property; Type: TABLE DATA; Schema: estate; Owner: estate_admin
--

COPY estate.property (market_id, id, match_key, first_seen_at) FROM stdin;
1	1	listing:csv:K1	2026-11-25 23:46:57.365814+00
1	2	listing:csv:K10	2026-11-25 23:46:57.365814+00
1	3	listing:csv:K11	2026-11-25 23:46:57.365814+00
1	4	listing:csv:K12	2026-11-25 23:46:57.365814+00
1	5	listing:csv:K13	2026-11-25 23:46:57.365814+00
1	6	listing:csv:K14	2026-11-25 23:46:57.365814+00
1	7	listing:csv:K15	2026-11-25 23:46:57.365814+00
1	8	listing:csv:K16	2026-11-25 23:46:57.365814+00
1	9	listing:csv:K17	2026-11-25 23:46:57.365814+00
1	10	listing:csv:K18	2026-11-25 23:46:57.365814+00
1	11	listing:csv:K19	2026-11-25 23:46:57.365814+00
1	12	listing:csv:K2	2026-11-25 23:46:57.365814+00
1	13	listing:csv:K20	2026-11-25 23:46:57.365814+00
1	14	listing:csv:K21	2026-11-25 23:46:57.365814+00
1	15	listing:csv:K22	2026-11-25 23:46:57.365814+00
1	16	listing:csv:K23	2026-11-25 23:46:57.365814+00
1	17	listing:csv:K24	2026-11-25 23:46:57.365814+00
1	18	listing:csv:K25	2026-11-25 23:46:57.365814+00
1	19	listing:csv:K26	2026-11-25 23:46:57.365814+00
1	20	listing:csv:K27	2026-11-25 23:46:57.365814+00
1	21	listing:csv:K28	2026-11-25 23:46:57.365814+00
1	22	listing:csv:K29	2026-11-25 23:46:57.365814+00
1	23	listing:csv:K3	2026-11-25 23:46:57.365814+00
1	24	listing:csv:K30	2026-11-25 23:46:57.365814+00
1	25	listing:csv:K31	2026-11-25 23:46:57.365814+00
1	26	listing:csv:K32	2026-11-25 23:46:57.365814+00
1	27	listing:csv:K33	2026-11-25 23:46:57.365814+00
1	28	listing:csv:K34	2026-11-25 23:46:57.365814+00
1	29	listing:csv:K35	2026-11-25 23:46:57.365814+00
1	30	listing:csv:K36	2026-11-25 23:46:57.365814+00
1	31	listing:csv:K37	2026-11-25 23:46:57.365814+00
1	32	listing:csv:K38	2026-11-25 23:46:57.365814+00
1	33	listing:csv:K39	2026-11-25 23:46:57.365814+00
1	34	listing:csv:K4	2026-11-25 23:46:57.365814+00
1	35	listing:csv:K40	2026-11-25 23:46:57.365814+00
1	36	listing:csv:K41	2026-11-25 23:46:57.365814+00
1	37	listing:csv:K42	2026-11-25 23:46:57.365814+00
1	38	listing:csv:K43	2026-11-25 23:46:57.365814+00
1	39	listing:csv:K44	2026-11-25 23:46:57.365814+00
1	40	listing:csv:K45	2026-11-25 23:46:57.365814+00
1	41	listing:csv:K46	2026-11-25 23:46:57.365814+00
1	42	listing:csv:K47	2026-11-25 23:46:57.365814+00
1	43	listing:csv:K48	2026-11-25 23:46:57.365814+00
1	44	listing:csv:K49	2026-11-25 23:46:57.365814+00
1	45	listing:csv:K5	2026-11-25 23:46:57.365814+00
1	46	listing:csv:K50	2026-11-25 23:46:57.365814+00
1	47	listing:csv:K51	2026-11-25 23:46:57.365814+00
1	48	listing:csv:K52	2026-11-25 23:46:57.365814+00
1	49	listing:csv:K53	2026-11-25 23:46:57.365814+00
1	50	listing:csv:K54	2026-11-25 23:46:57.365814+00
1	51	listing:csv:K55	2026-11-25 23:46:57.365814+00
1	52	listing:csv:K56	2026-11-25 23:46:57.365814+00
1	53	listing:csv:K57	2026-11-25 23:46:57.365814+00
1	54	listing:csv:K58	2026-11-25 23:46:57.365814+00
1	55	listing:csv:K59	2026-11-25 23:46:57.365814+00
1	56	listing:csv:K6	2026-11-25 23:46:57.365814+00
1	57	listing:csv:K60	2026-11-25 23:46:57.365814+00
1	58	listing:csv:K7	2026-11-25 23:46:57.365814+00
1	59	listing:csv:K8	2026-11-25 23:46:57.365814+00
1	60	listing:csv:K9	2026-11-25 23:46:57.365814+00
1	61	parcel::00000100	2026-11-25 23:46:57.390706+00
1	62	parcel::00000200	2026-11-25 23:46:57.390706+00
1	63	parcel::00000300	2026-11-25 23:46:57.390706+00
1	64	parcel::00000400	2026-11-25 23:46:57.390706+00
1	65	parcel::00000500	2026-11-25 23:46:57.390706+00
1	66	parcel::00000600	2026-11-25 23:46:57.390706+00
1	67	parcel::00000700	2026-11-25 23:46:57.390706+00
1	68	parcel::00000800	2026-11-25 23:46:57.390706+00
\.


--
-- Data for Name: sale_record; Type: TABLE DATA; Schema: estate; Owner: estate_admin
--

COPY estate.sale_record (market_id, id, source_system, record_key, property, sale_date, price, property_type, arms_length, unparsed_address, city, postal_code, parcel_number, latitude, longitude, living_area_sqm, lot_size_sqm, bedrooms_total, year_built, extra) FROM stdin;
1	1	deeds	1	\N	2025-01-01	123456.00	\N	t	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{}
\.


--
-- Data for Name: feed_cursor; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.feed_cursor (feed_id, next_url, watermark, pending_watermark, etag, last_modified, run_id, header, failures, last_error) FROM stdin;
2	\N	\N	\N	\N	\N	\N	\N	0	\N
1	\N	\N	\N	\N	\N	\N	"ListingKey","StandardStatus","PropertyType","ListPrice","LivingArea","PostalCode"	0	\N
3	\N	\N	\N	\N	\N	\N	\N	1	could not read file "/tmp/pg_estate_none.csv": No such file or directory
\.


--
-- Data for Name: installation; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.installation (only_row, tables_version, system_id, database_oid) FROM stdin;
t	1	7712259813508417945	16384
\.


--
-- Data for Name: job_cancel; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_cancel (job) FROM stdin;
\.


--
-- Data for Name: job_dependency; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_dependency (blocker, job, when_ended, unsure) FROM stdin;
32	33	f	f
\.


--
-- Data for Name: job_ended; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ended (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited, done_by, state, ended_at, result) FROM stdin;
\.


--
-- Data for Name: job_ended_0; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ended_0 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited, done_by, state, ended_at, result) FROM stdin;
21	public.note(jsonb)	default	0	20	estate_fan	2026-11-25 23:46:57.426005+00	{"job": "cancelled"}	\N	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	s	cancelled	2026-11-25 23:46:57.427945+00	\N
23	public.note(jsonb)	agencies	0	20	estate_fan	2026-11-25 23:46:57.429494+00	{"n": 1, "job": "of a key", "agency": "one"}	\N	1	\N	\N	\N	\N	\N	\N	\N	\N	\N	s	done	2026-11-25 23:46:57.431559+00	\N
18	public.note(jsonb)	default	0	20	estate_fan	2026-11-25 23:46:57.425176+00	{"job": "done"}	\N	1	\N	\N	\N	\N	\N	{old}	\N	\N	\N	s	done	2026-11-25 23:46:57.436766+00	\N
19	public.told(jsonb)	default	0	20	estate_fan	2026-11-25 23:46:57.425548+00	{"job": "result"}	\N	1	\N	\N	\N	\N	\N	\N	\N	\N	\N	s	done	2026-11-25 23:46:57.43766+00	{"told": true}
20	public.fails(jsonb)	default	0	1	estate_fan	2026-11-25 23:46:57.425763+00	{"job": "dead"}	\N	1	\N	\N	\N	\N	\N	\N	[{"at": "2026-11-25T23:46:57.439318+00:00", "attempt": 1, "context": "PL/pgSQL function fails(jsonb) line 1 at RAISE", "message": "ein Ümlaut", "sqlstate": "P0001"}]	\N	\N	s	dead	2026-11-25 23:46:57.439323+00	\N
\.


--
-- Data for Name: job_open; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_open (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited, done_by, waits_for, held_key, blockers, lease_token, leased_until, leased_to) FROM stdin;
1	feed	feed	0	20	postgres	2026-11-25 23:46:57.364449+00	{"feed_id": 3}	2026-11-25 23:46:58.432398+00	0	4f9e7c9a-0d6f-4c15-8e18-f09489f71b1c	feed:3	\N	\N	\N	\N	[{"at": "2026-11-25T23:46:57.43247+00:00", "attempt": 1, "context": "", "message": "could not read file \\"/tmp/pg_estate_none.csv\\": No such file or directory", "sqlstate": "58P01"}]	\N	\N	n	time	\N	\N	\N	\N	\N
2	media	media	0	20	postgres	2026-11-25 23:46:57.394932+00	{"target": "photos", "listing": 67, "market_id": 1, "media_key": "TST000006-1"}	2026-11-25 23:46:58.561104+00	1	70bf785b-4ef7-49e7-b4ca-22da7cdf8a11	media:1:67:TST000006-1	\N	\N	\N	\N	[{"at": "2026-11-25T23:46:57.433023+00:00", "attempt": 1, "context": "", "message": "could not create directory \\"/tmp/pg_estate_none/1\\": No such file or directory", "sqlstate": "58P01"}]	\N	\N	n	time	\N	\N	\N	\N	\N
3	media	media	0	20	postgres	2026-11-25 23:46:57.395127+00	{"target": "photos", "listing": 64, "market_id": 1, "media_key": "TST000003-1"}	2026-11-25 23:46:58.57108+00	1	f324db0d-4060-4f93-ad90-188ffe8f48ce	media:1:64:TST000003-1	\N	\N	\N	\N	[{"at": "2026-11-25T23:46:57.433259+00:00", "attempt": 1, "context": "", "message": "could not create directory \\"/tmp/pg_estate_none/1\\": No such file or directory", "sqlstate": "58P01"}]	\N	\N	n	time	\N	\N	\N	\N	\N
4	media	media	0	20	postgres	2026-11-25 23:46:57.39517+00	{"target": "photos", "listing": 65, "market_id": 1, "media_key": "TST000004-0"}	2026-11-25 23:46:58.480508+00	1	26c9cb12-9c76-4b61-b6c5-63178947e3c0	media:1:65:TST000004-0	\N	\N	\N	\N	[{"at": "2026-11-25T23:46:57.433563+00:00", "attempt": 1, "context": "", "message": "could not create directory \\"/tmp/pg_estate_none/1\\": No such file or directory", "sqlstate": "58P01"}]	\N	\N	n	time	\N	\N	\N	\N	\N
5	media	media	0	20	postgres	2026-11-25 23:46:57.395209+00	{"target": "photos", "listing": 64, "market_id": 1, "media_key": "TST000003-0"}	2026-11-25 23:46:58.442486+00	1	861e7d9d-b4b6-419a-9f7e-dd6ae3001325	media:1:64:TST000003-0	\N	\N	\N	\N	[{"at": "2026-11-25T23:46:57.433793+00:00", "attempt": 1, "context": "", "message": "could not create directory \\"/tmp/pg_estate_none/1\\": No such file or directory", "sqlstate": "58P01"}]	\N	\N	n	time	\N	\N	\N	\N	\N
6	media	media	0	20	postgres	2026-11-25 23:46:57.395242+00	{"target": "photos", "listing": 69, "market_id": 1, "media_key": "TST000008-0"}	2026-11-25 23:46:58.548656+00	1	bef743a5-a041-4a24-8584-60487de2a9e8	media:1:69:TST000008-0	\N	\N	\N	\N	[{"at": "2026-11-25T23:46:57.434008+00:00", "attempt": 1, "context": "", "message": "could not create directory \\"/tmp/pg_estate_none/1\\": No such file or directory", "sqlstate": "58P01"}]	\N	\N	n	time	\N	\N	\N	\N	\N
7	media	media	0	20	postgres	2026-11-25 23:46:57.395274+00	{"target": "photos", "listing": 68, "market_id": 1, "media_key": "TST000007-1"}	2026-11-25 23:46:58.5633+00	1	b451bb97-f81b-464c-bcd9-2e6269fedd97	media:1:68:TST000007-1	\N	\N	\N	\N	[{"at": "2026-11-25T23:46:57.434198+00:00", "attempt": 1, "context": "", "message": "could not create directory \\"/tmp/pg_estate_none/1\\": No such file or directory", "sqlstate": "58P01"}]	\N	\N	n	time	\N	\N	\N	\N	\N
8	media	media	0	20	postgres	2026-11-25 23:46:57.395301+00	{"target": "photos", "listing": 67, "market_id": 1, "media_key": "TST000006-0"}	2026-11-25 23:46:58.329223+00	1	308d31b8-f6f3-4915-81cc-c88ab18fb139	media:1:67:TST000006-0	\N	\N	\N	\N	[{"at": "2026-11-25T23:46:57.434386+00:00", "attempt": 1, "context": "", "message": "could not create directory \\"/tmp/pg_estate_none/1\\": No such file or directory", "sqlstate": "58P01"}]	\N	\N	n	time	\N	\N	\N	\N	\N
9	media	media	0	20	postgres	2026-11-25 23:46:57.395327+00	{"target": "photos", "listing": 63, "market_id": 1, "media_key": "TST000002-1"}	2026-11-25 23:46:58.366191+00	1	802f77c4-4c8a-4191-8255-333bb377a3ca	media:1:63:TST000002-1	\N	\N	\N	\N	[{"at": "2026-11-25T23:46:57.434573+00:00", "attempt": 1, "context": "", "message": "could not create directory \\"/tmp/pg_estate_none/1\\": No such file or directory", "sqlstate": "58P01"}]	\N	\N	n	time	\N	\N	\N	\N	\N
10	media	media	0	20	postgres	2026-11-25 23:46:57.395353+00	{"target": "photos", "listing": 68, "market_id": 1, "media_key": "TST000007-0"}	2026-11-25 23:46:58.505362+00	1	d7a005c4-4e1e-4645-8471-0445447bd913	media:1:68:TST000007-0	\N	\N	\N	\N	[{"at": "2026-11-25T23:46:57.434754+00:00", "attempt": 1, "context": "", "message": "could not create directory \\"/tmp/pg_estate_none/1\\": No such file or directory", "sqlstate": "58P01"}]	\N	\N	n	time	\N	\N	\N	\N	\N
11	media	media	0	20	postgres	2026-11-25 23:46:57.395381+00	{"target": "photos", "listing": 66, "market_id": 1, "media_key": "TST000005-0"}	2026-11-25 23:46:58.255369+00	1	a799e038-8ef4-4588-bb27-e1fa5edadeef	media:1:66:TST000005-0	\N	\N	\N	\N	[{"at": "2026-11-25T23:46:57.434937+00:00", "attempt": 1, "context": "", "message": "could not create directory \\"/tmp/pg_estate_none/1\\": No such file or directory", "sqlstate": "58P01"}]	\N	\N	n	time	\N	\N	\N	\N	\N
12	media	media	0	20	postgres	2026-11-25 23:46:57.395407+00	{"target": "photos", "listing": 62, "market_id": 1, "media_key": "TST000001-0"}	2026-11-25 23:46:58.468284+00	1	1fdb09f6-d21f-4f35-af2e-3eb72014e4c1	media:1:62:TST000001-0	\N	\N	\N	\N	[{"at": "2026-11-25T23:46:57.435123+00:00", "attempt": 1, "context": "", "message": "could not create directory \\"/tmp/pg_estate_none/1\\": No such file or directory", "sqlstate": "58P01"}]	\N	\N	n	time	\N	\N	\N	\N	\N
13	media	media	0	20	postgres	2026-11-25 23:46:57.395433+00	{"target": "photos", "listing": 69, "market_id": 1, "media_key": "TST000008-1"}	2026-11-25 23:46:58.591721+00	1	8c264f74-a139-47c0-8c24-5e77d696f6bf	media:1:69:TST000008-1	\N	\N	\N	\N	[{"at": "2026-11-25T23:46:57.435306+00:00", "attempt": 1, "context": "", "message": "could not create directory \\"/tmp/pg_estate_none/1\\": No such file or directory", "sqlstate": "58P01"}]	\N	\N	n	time	\N	\N	\N	\N	\N
14	media	media	0	20	postgres	2026-11-25 23:46:57.39546+00	{"target": "photos", "listing": 62, "market_id": 1, "media_key": "TST000001-1"}	2026-11-25 23:46:58.613056+00	1	5886f0ef-a1f5-4c68-868e-412c99c965aa	media:1:62:TST000001-1	\N	\N	\N	\N	[{"at": "2026-11-25T23:46:57.435484+00:00", "attempt": 1, "context": "", "message": "could not create directory \\"/tmp/pg_estate_none/1\\": No such file or directory", "sqlstate": "58P01"}]	\N	\N	n	time	\N	\N	\N	\N	\N
15	media	media	0	20	postgres	2026-11-25 23:46:57.395486+00	{"target": "photos", "listing": 65, "market_id": 1, "media_key": "TST000004-1"}	2026-11-25 23:46:58.463026+00	1	2b6c5bc5-a70a-451c-9855-8ae09a07b997	media:1:65:TST000004-1	\N	\N	\N	\N	[{"at": "2026-11-25T23:46:57.435693+00:00", "attempt": 1, "context": "", "message": "could not create directory \\"/tmp/pg_estate_none/1\\": No such file or directory", "sqlstate": "58P01"}]	\N	\N	n	time	\N	\N	\N	\N	\N
16	media	media	0	20	postgres	2026-11-25 23:46:57.395511+00	{"target": "photos", "listing": 63, "market_id": 1, "media_key": "TST000002-0"}	2026-11-25 23:46:58.410192+00	1	061f87ac-8a07-4ef9-b924-1dbd34cd3e3d	media:1:63:TST000002-0	\N	\N	\N	\N	[{"at": "2026-11-25T23:46:57.435875+00:00", "attempt": 1, "context": "", "message": "could not create directory \\"/tmp/pg_estate_none/1\\": No such file or directory", "sqlstate": "58P01"}]	\N	\N	n	time	\N	\N	\N	\N	\N
17	media	media	0	20	postgres	2026-11-25 23:46:57.395539+00	{"target": "photos", "listing": 66, "market_id": 1, "media_key": "TST000005-1"}	2026-11-25 23:46:58.345285+00	1	5021ac4a-3992-4211-98c7-dc5a40580b72	media:1:66:TST000005-1	\N	\N	\N	\N	[{"at": "2026-11-25T23:46:57.436055+00:00", "attempt": 1, "context": "", "message": "could not create directory \\"/tmp/pg_estate_none/1\\": No such file or directory", "sqlstate": "58P01"}]	\N	\N	n	time	\N	\N	\N	\N	\N
24	public.note(jsonb)	agencies	0	20	estate_fan	2026-11-25 23:46:57.429595+00	{"n": 2, "job": "of a key", "agency": "one"}	2125-06-19 23:46:57.431459+00	0	\N	\N	\N	\N	\N	\N	\N	\N	1	s	time	\N	\N	\N	\N	\N
25	public.note(jsonb)	agencies	0	20	estate_fan	2026-11-25 23:46:57.429598+00	{"n": 3, "job": "of a key", "agency": "one"}	2224-01-12 23:46:57.431459+00	0	\N	\N	\N	\N	\N	\N	\N	\N	1	s	time	\N	\N	\N	\N	\N
22	public.fails(jsonb)	default	0	20	estate_fan	2026-11-25 23:46:57.429099+00	{"job": "retryable"}	2037-08-07 18:19:20.570991+00	1	\N	\N	\N	\N	{"10 years"}	\N	[{"at": "2026-11-25T23:46:57.440351+00:00", "attempt": 1, "context": "PL/pgSQL function fails(jsonb) line 1 at RAISE", "message": "ein Ümlaut", "sqlstate": "P0001"}]	\N	\N	s	time	\N	\N	\N	\N	\N
32	public.note(jsonb)	default	0	20	estate_fan	2026-11-25 23:46:57.443332+00	{"job": "scheduled"}	2100-01-01 12:00:00+00	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	s	time	\N	\N	\N	\N	\N
33	public.note(jsonb)	default	0	20	estate_fan	2026-11-25 23:46:57.444623+00	{"job": "blocked"}	2026-11-25 23:46:57.444623+00	0	\N	\N	\N	\N	\N	\N	\N	\N	\N	s	jobs	\N	1	\N	\N	\N
35	external:scan	default	1	20	estate_fan	2026-11-25 23:46:57.446217+00	{"job": "for others"}	2026-11-25 23:46:57.446217+00	0	e95c504f-aac3-4fc1-bad4-eaac4914b482	\N	\N	\N	\N	\N	\N	\N	\N	x	time	\N	\N	\N	\N	\N
34	external:scan	default	0	20	estate_fan	2026-11-25 23:46:57.44586+00	{"job": "leased"}	2026-11-25 23:46:57.44586+00	0	d79acdf6-bbe2-4615-b7ff-cb9d1e81f862	\N	\N	\N	\N	\N	\N	\N	\N	x	time	\N	\N	1	2036-11-25 23:46:57.44653+00	scanner 1
\.


--
-- Data for Name: job_ready; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
\.


--
-- Data for Name: job_ready_0_0_0; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_0_0_0 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
27	public.note(jsonb)	default	-5	20	estate_fan	2026-11-25 23:46:57.442178+00	{"job": "urgent"}	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
\.


--
-- Data for Name: job_ready_0_0_1; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_0_0_1 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
\.


--
-- Data for Name: job_ready_0_0_2; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_0_0_2 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
\.


--
-- Data for Name: job_ready_0_1_0; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_0_1_0 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
26	public.note(jsonb)	default	0	20	estate_fan	2026-11-25 23:46:57.441925+00	{"job": "available", "deep": [1, {"ü": null}]}	\N	\N	\N	kept	\N	\N	\N	\N	\N	\N	\N
28	public.note(jsonb)	default	0	20	estate_fan	2026-11-25 23:46:57.442455+00	{"job": "with a key for a time"}	\N	\N	\N	for a time	900 years	\N	\N	\N	\N	\N	\N
\.


--
-- Data for Name: job_ready_0_1_1; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_0_1_1 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
\.


--
-- Data for Name: job_ready_0_1_2; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_0_1_2 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
\.


--
-- Data for Name: job_ready_0_2_0; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_0_2_0 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
29	public.note_all(jsonb[])	default	7	20	estate_fan	2026-11-25 23:46:57.442834+00	{"job": "batch 1"}	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
30	public.note_all(jsonb[])	default	7	20	estate_fan	2026-11-25 23:46:57.442904+00	{"job": "batch 2"}	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
\.


--
-- Data for Name: job_ready_0_2_1; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_0_2_1 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
\.


--
-- Data for Name: job_ready_0_2_2; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_0_2_2 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
\.


--
-- Data for Name: job_ready_1_0_0; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_1_0_0 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
\.


--
-- Data for Name: job_ready_1_0_1; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_1_0_1 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
\.


--
-- Data for Name: job_ready_1_0_2; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_1_0_2 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
\.


--
-- Data for Name: job_ready_1_1_0; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_1_1_0 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
\.


--
-- Data for Name: job_ready_1_1_1; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_1_1_1 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
\.


--
-- Data for Name: job_ready_1_1_2; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_1_1_2 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
\.


--
-- Data for Name: job_ready_1_2_0; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_1_2_0 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
\.


--
-- Data for Name: job_ready_1_2_1; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_1_2_1 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
\.


--
-- Data for Name: job_ready_1_2_2; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_1_2_2 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
\.


--
-- Data for Name: job_ready_2_0_0; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_2_0_0 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
\.


--
-- Data for Name: job_ready_2_0_1; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_2_0_1 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
\.


--
-- Data for Name: job_ready_2_0_2; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_2_0_2 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
\.


--
-- Data for Name: job_ready_2_1_0; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_2_1_0 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
31	public.note(jsonb)	at rest	0	20	estate_fan	2026-11-25 23:46:57.443087+00	{"job": "at rest"}	\N	\N	\N	\N	\N	00:00:05	\N	\N	\N	\N	\N
\.


--
-- Data for Name: job_ready_2_1_1; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_2_1_1 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
\.


--
-- Data for Name: job_ready_2_1_2; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_2_1_2 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
\.


--
-- Data for Name: job_ready_2_2_0; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_2_2_0 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
\.


--
-- Data for Name: job_ready_2_2_1; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_2_2_1 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
\.


--
-- Data for Name: job_ready_2_2_2; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_ready_2_2_2 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited) FROM stdin;
\.


--
-- Data for Name: job_unique; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.job_unique (unique_key, role, job, until) FROM stdin;
feed:3	postgres	1	\N
media:1:67:TST000006-1	postgres	2	\N
media:1:64:TST000003-1	postgres	3	\N
media:1:65:TST000004-0	postgres	4	\N
media:1:64:TST000003-0	postgres	5	\N
media:1:69:TST000008-0	postgres	6	\N
media:1:68:TST000007-1	postgres	7	\N
media:1:67:TST000006-0	postgres	8	\N
media:1:63:TST000002-1	postgres	9	\N
media:1:68:TST000007-0	postgres	10	\N
media:1:66:TST000005-0	postgres	11	\N
media:1:62:TST000001-0	postgres	12	\N
media:1:69:TST000008-1	postgres	13	\N
media:1:62:TST000001-1	postgres	14	\N
media:1:65:TST000004-1	postgres	15	\N
media:1:63:TST000002-0	postgres	16	\N
media:1:66:TST000005-1	postgres	17	\N
kept	estate_fan	26	\N
for a time	estate_fan	28	2926-11-25 23:46:57.442487+00
\.


--
-- Data for Name: queue; Type: TABLE DATA; Schema: estate_internal; Owner: postgres
--

COPY estate_internal.queue (number, name, paused, concurrency, concurrency_local, key, concurrency_by_key, rate, rate_by_key, rate_period, timeout, keep, keep_for, keep_most) FROM stdin;
1	agencies	f	\N	\N	agency	\N	\N	1	100 years	\N	all	1000 years	\N
0	default	f	\N	\N	\N	\N	\N	\N	00:00:01	\N	all	1000 years	\N
2	at rest	t	3	\N	\N	\N	\N	\N	00:00:01	00:01:00	failed	7 days	\N
\.


--
-- Data for Name: my_grams; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.my_grams (day, part) FROM stdin;
2025-01-01	\N
2025-01-02	{"n": 1, "mean": [93.83, 303000], "products": [0, 0, 0]}
2025-01-03	{"n": 1, "mean": [94.76, 306000], "products": [0, 0, 0]}
2025-01-04	{"n": 1, "mean": [95.69, 309000], "products": [0, 0, 0]}
2025-01-05	{"n": 1, "mean": [96.62, 312000], "products": [0, 0, 0]}
2025-01-07	{"n": 1, "mean": [98.48, 318000], "products": [0, 0, 0]}
2025-01-08	{"n": 1, "mean": [99.41, 321000], "products": [0, 0, 0]}
2025-01-09	{"n": 1, "mean": [100.34, 324000], "products": [0, 0, 0]}
2025-01-10	{"n": 1, "mean": [101.26, 327000], "products": [0, 0, 0]}
2025-01-12	{"n": 1, "mean": [103.12, 333000], "products": [0, 0, 0]}
2025-01-13	{"n": 1, "mean": [104.05, 336000], "products": [0, 0, 0]}
2025-01-14	{"n": 1, "mean": [104.98, 326000], "products": [0, 0, 0]}
2025-01-15	{"n": 1, "mean": [105.91, 329000], "products": [0, 0, 0]}
2025-01-17	{"n": 1, "mean": [107.77, 335000], "products": [0, 0, 0]}
2025-01-18	{"n": 1, "mean": [108.7, 338000], "products": [0, 0, 0]}
2025-01-19	{"n": 1, "mean": [109.63, 341000], "products": [0, 0, 0]}
2025-01-20	{"n": 1, "mean": [110.55, 344000], "products": [0, 0, 0]}
2025-01-22	{"n": 1, "mean": [112.41, 350000], "products": [0, 0, 0]}
2025-01-23	{"n": 1, "mean": [113.34, 353000], "products": [0, 0, 0]}
2025-01-24	{"n": 1, "mean": [114.27, 356000], "products": [0, 0, 0]}
2025-01-25	{"n": 1, "mean": [115.2, 359000], "products": [0, 0, 0]}
2025-01-27	{"n": 1, "mean": [117.06, 352000], "products": [0, 0, 0]}
2025-01-28	{"n": 1, "mean": [117.99, 355000], "products": [0, 0, 0]}
2025-01-29	{"n": 1, "mean": [118.92, 358000], "products": [0, 0, 0]}
2025-01-30	{"n": 1, "mean": [119.84, 361000], "products": [0, 0, 0]}
2025-02-01	{"n": 1, "mean": [121.7, 367000], "products": [0, 0, 0]}
2025-02-02	{"n": 1, "mean": [122.63, 370000], "products": [0, 0, 0]}
2025-02-03	{"n": 1, "mean": [123.56, 373000], "products": [0, 0, 0]}
2025-02-04	{"n": 1, "mean": [124.49, 376000], "products": [0, 0, 0]}
2025-02-06	{"n": 1, "mean": [126.35, 382000], "products": [0, 0, 0]}
2025-02-07	{"n": 1, "mean": [127.28, 385000], "products": [0, 0, 0]}
2025-02-08	{"n": 1, "mean": [128.21, 388000], "products": [0, 0, 0]}
2025-02-09	{"n": 1, "mean": [129.14, 378000], "products": [0, 0, 0]}
2025-02-11	{"n": 1, "mean": [130.99, 384000], "products": [0, 0, 0]}
2025-02-12	{"n": 1, "mean": [131.92, 387000], "products": [0, 0, 0]}
2025-02-13	{"n": 1, "mean": [132.85, 390000], "products": [0, 0, 0]}
2025-02-14	{"n": 1, "mean": [133.78, 393000], "products": [0, 0, 0]}
2025-02-16	{"n": 1, "mean": [135.64, 399000], "products": [0, 0, 0]}
2025-02-17	{"n": 1, "mean": [136.57, 402000], "products": [0, 0, 0]}
2025-02-18	{"n": 1, "mean": [137.5, 405000], "products": [0, 0, 0]}
2025-02-19	{"n": 1, "mean": [138.43, 408000], "products": [0, 0, 0]}
2025-02-21	{"n": 1, "mean": [140.28, 414000], "products": [0, 0, 0]}
2025-02-22	{"n": 1, "mean": [141.21, 404000], "products": [0, 0, 0]}
2025-02-23	{"n": 1, "mean": [142.14, 407000], "products": [0, 0, 0]}
2025-02-24	{"n": 1, "mean": [143.07, 410000], "products": [0, 0, 0]}
2025-02-26	{"n": 1, "mean": [144.93, 416000], "products": [0, 0, 0]}
2025-02-27	{"n": 1, "mean": [145.86, 419000], "products": [0, 0, 0]}
2025-02-28	{"n": 1, "mean": [146.79, 422000], "products": [0, 0, 0]}
2025-03-01	{"n": 1, "mean": [147.72, 425000], "products": [0, 0, 0]}
\.


--
-- Data for Name: ran; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.ran (args) FROM stdin;
{"n": 1, "job": "of a key", "agency": "one"}
{"job": "done"}
\.


--
-- Name: feed_feed_id_seq; Type: SEQUENCE SET; Schema: estate; Owner: postgres
--

SELECT pg_catalog.setval('estate.feed_feed_id_seq', 3, true);


--
-- Name: feed_reject_reject_id_seq; Type: SEQUENCE SET; Schema: estate; Owner: estate_admin
--

SELECT pg_catalog.setval('estate.feed_reject_reject_id_seq', 10, true);


--
-- Name: feed_run_run_id_seq; Type: SEQUENCE SET; Schema: estate; Owner: estate_admin
--

SELECT pg_catalog.setval('estate.feed_run_run_id_seq', 13, true);


--
-- Name: listing_change_id_seq; Type: SEQUENCE SET; Schema: estate; Owner: estate_admin
--

SELECT pg_catalog.setval('estate.listing_change_id_seq', 1, true);


--
-- Name: listing_id_seq; Type: SEQUENCE SET; Schema: estate; Owner: estate_admin
--

SELECT pg_catalog.setval('estate.listing_id_seq', 69, true);


--
-- Name: market_market_id_seq; Type: SEQUENCE SET; Schema: estate; Owner: estate_admin
--

SELECT pg_catalog.setval('estate.market_market_id_seq', 1, true);


--
-- Name: property_id_seq; Type: SEQUENCE SET; Schema: estate; Owner: estate_admin
--

SELECT pg_catalog.setval('estate.property_id_seq', 68, true);


--
-- Name: sale_record_id_seq; Type: SEQUENCE SET; Schema: estate; Owner: estate_admin
--

SELECT pg_catalog.setval('estate.sale_record_id_seq', 1, true);


--
-- Name: job_id_seq; Type: SEQUENCE SET; Schema: estate_internal; Owner: postgres
--

SELECT pg_catalog.setval('estate_internal.job_id_seq', 64, true);


--
-- Name: job_lease_seq; Type: SEQUENCE SET; Schema: estate_internal; Owner: postgres
--

SELECT pg_catalog.setval('estate_internal.job_lease_seq', 1, true);


--
-- Name: estimate estimate_pkey; Type: CONSTRAINT; Schema: estate; Owner: estate_admin
--

ALTER TABLE ONLY estate.estimate
    ADD CONSTRAINT estimate_pkey PRIMARY KEY (market_id, listing);


--
-- Name: feed feed_name_key; Type: CONSTRAINT; Schema: estate; Owner: postgres
--

ALTER TABLE ONLY estate.feed
    ADD CONSTRAINT feed_name_key UNIQUE (name);


--
-- Name: feed feed_pkey; Type: CONSTRAINT; Schema: estate; Owner: postgres
--

ALTER TABLE ONLY estate.feed
    ADD CONSTRAINT feed_pkey PRIMARY KEY (feed_id);


--
-- Name: feed_reject feed_reject_pkey; Type: CONSTRAINT; Schema: estate; Owner: estate_admin
--

ALTER TABLE ONLY estate.feed_reject
    ADD CONSTRAINT feed_reject_pkey PRIMARY KEY (reject_id);


--
-- Name: feed_run feed_run_pkey; Type: CONSTRAINT; Schema: estate; Owner: estate_admin
--

ALTER TABLE ONLY estate.feed_run
    ADD CONSTRAINT feed_run_pkey PRIMARY KEY (run_id);


--
-- Name: listing_change listing_change_pkey; Type: CONSTRAINT; Schema: estate; Owner: estate_admin
--

ALTER TABLE ONLY estate.listing_change
    ADD CONSTRAINT listing_change_pkey PRIMARY KEY (market_id, id);


--
-- Name: listing listing_market_id_source_system_listing_key_key; Type: CONSTRAINT; Schema: estate; Owner: estate_admin
--

ALTER TABLE ONLY estate.listing
    ADD CONSTRAINT listing_market_id_source_system_listing_key_key UNIQUE (market_id, source_system, listing_key);


--
-- Name: listing listing_pkey; Type: CONSTRAINT; Schema: estate; Owner: estate_admin
--

ALTER TABLE ONLY estate.listing
    ADD CONSTRAINT listing_pkey PRIMARY KEY (market_id, id);


--
-- Name: market market_name_key; Type: CONSTRAINT; Schema: estate; Owner: estate_admin
--

ALTER TABLE ONLY estate.market
    ADD CONSTRAINT market_name_key UNIQUE (name);


--
-- Name: market market_pkey; Type: CONSTRAINT; Schema: estate; Owner: estate_admin
--

ALTER TABLE ONLY estate.market
    ADD CONSTRAINT market_pkey PRIMARY KEY (market_id);


--
-- Name: media media_pkey; Type: CONSTRAINT; Schema: estate; Owner: estate_admin
--

ALTER TABLE ONLY estate.media
    ADD CONSTRAINT media_pkey PRIMARY KEY (market_id, listing, media_key);


--
-- Name: model model_pkey; Type: CONSTRAINT; Schema: estate; Owner: estate_admin
--

ALTER TABLE ONLY estate.model
    ADD CONSTRAINT model_pkey PRIMARY KEY (market_id, segment, version);


--
-- Name: property property_market_id_match_key_key; Type: CONSTRAINT; Schema: estate; Owner: estate_admin
--

ALTER TABLE ONLY estate.property
    ADD CONSTRAINT property_market_id_match_key_key UNIQUE (market_id, match_key);


--
-- Name: property property_pkey; Type: CONSTRAINT; Schema: estate; Owner: estate_admin
--

ALTER TABLE ONLY estate.property
    ADD CONSTRAINT property_pkey PRIMARY KEY (market_id, id);


--
-- Name: sale_record sale_record_market_id_source_system_record_key_key; Type: CONSTRAINT; Schema: estate; Owner: estate_admin
--

ALTER TABLE ONLY estate.sale_record
    ADD CONSTRAINT sale_record_market_id_source_system_record_key_key UNIQUE (market_id, source_system, record_key);


--
-- Name: sale_record sale_record_pkey; Type: CONSTRAINT; Schema: estate; Owner: estate_admin
--

ALTER TABLE ONLY estate.sale_record
    ADD CONSTRAINT sale_record_pkey PRIMARY KEY (market_id, id);


--
-- Name: feed_cursor feed_cursor_pkey; Type: CONSTRAINT; Schema: estate_internal; Owner: postgres
--

ALTER TABLE ONLY estate_internal.feed_cursor
    ADD CONSTRAINT feed_cursor_pkey PRIMARY KEY (feed_id);


--
-- Name: installation installation_pkey; Type: CONSTRAINT; Schema: estate_internal; Owner: postgres
--

ALTER TABLE ONLY estate_internal.installation
    ADD CONSTRAINT installation_pkey PRIMARY KEY (only_row);


--
-- Name: job_cancel job_cancel_pkey; Type: CONSTRAINT; Schema: estate_internal; Owner: postgres
--

ALTER TABLE ONLY estate_internal.job_cancel
    ADD CONSTRAINT job_cancel_pkey PRIMARY KEY (job);


--
-- Name: job_dependency job_dependency_pkey; Type: CONSTRAINT; Schema: estate_internal; Owner: postgres
--

ALTER TABLE ONLY estate_internal.job_dependency
    ADD CONSTRAINT job_dependency_pkey PRIMARY KEY (blocker, job);


--
-- Name: job_open job_open_pkey; Type: CONSTRAINT; Schema: estate_internal; Owner: postgres
--

ALTER TABLE ONLY estate_internal.job_open
    ADD CONSTRAINT job_open_pkey PRIMARY KEY (id);


--
-- Name: job_unique job_unique_pkey; Type: CONSTRAINT; Schema: estate_internal; Owner: postgres
--

ALTER TABLE ONLY estate_internal.job_unique
    ADD CONSTRAINT job_unique_pkey PRIMARY KEY (unique_key, role);


--
-- Name: queue queue_name_key; Type: CONSTRAINT; Schema: estate_internal; Owner: postgres
--

ALTER TABLE ONLY estate_internal.queue
    ADD CONSTRAINT queue_name_key UNIQUE (name);


--
-- Name: queue queue_pkey; Type: CONSTRAINT; Schema: estate_internal; Owner: postgres
--

ALTER TABLE ONLY estate_internal.queue
    ADD CONSTRAINT queue_pkey PRIMARY KEY (number);


--
-- Name: feed_reject_feed_idx; Type: INDEX; Schema: estate; Owner: estate_admin
--

CREATE INDEX feed_reject_feed_idx ON estate.feed_reject USING btree (feed_id, resolved_at);


--
-- Name: feed_reject_key_idx; Type: INDEX; Schema: estate; Owner: estate_admin
--

CREATE INDEX feed_reject_key_idx ON estate.feed_reject USING btree (feed_id, listing_key) WHERE (resolved_at IS NULL);


--
-- Name: feed_reject_open_idx; Type: INDEX; Schema: estate; Owner: estate_admin
--

CREATE UNIQUE INDEX feed_reject_open_idx ON estate.feed_reject USING btree (feed_id, hashtextextended(raw, (0)::bigint), length(raw)) WHERE (resolved_at IS NULL);


--
-- Name: feed_run_feed_idx; Type: INDEX; Schema: estate; Owner: estate_admin
--

CREATE INDEX feed_run_feed_idx ON estate.feed_run USING btree (feed_id, run_id);


--
-- Name: listing_change_listing_idx; Type: INDEX; Schema: estate; Owner: estate_admin
--

CREATE INDEX listing_change_listing_idx ON estate.listing_change USING btree (market_id, listing, at);


--
-- Name: listing_property_idx; Type: INDEX; Schema: estate; Owner: estate_admin
--

CREATE INDEX listing_property_idx ON estate.listing USING btree (market_id, property);


--
-- Name: listing_status_idx; Type: INDEX; Schema: estate; Owner: estate_admin
--

CREATE INDEX listing_status_idx ON estate.listing USING btree (market_id, standard_status);


--
-- Name: model_active_idx; Type: INDEX; Schema: estate; Owner: estate_admin
--

CREATE UNIQUE INDEX model_active_idx ON estate.model USING btree (market_id, segment) WHERE active;


--
-- Name: my_index; Type: INDEX; Schema: estate; Owner: estate_admin
--

CREATE INDEX my_index ON estate.listing USING btree (my_score) WHERE (my_score > (0.5)::double precision);


--
-- Name: sale_record_property_idx; Type: INDEX; Schema: estate; Owner: estate_admin
--

CREATE INDEX sale_record_property_idx ON estate.sale_record USING btree (market_id, property);


--
-- Name: job_dependency_job_idx; Type: INDEX; Schema: estate_internal; Owner: postgres
--

CREATE INDEX job_dependency_job_idx ON estate_internal.job_dependency USING btree (job);


--
-- Name: job_dependency_unsure_idx; Type: INDEX; Schema: estate_internal; Owner: postgres
--

CREATE INDEX job_dependency_unsure_idx ON estate_internal.job_dependency USING btree (blocker) WHERE unsure;


--
-- Name: job_open_due_idx; Type: INDEX; Schema: estate_internal; Owner: postgres
--

CREATE INDEX job_open_due_idx ON estate_internal.job_open USING btree (run_at, id) WHERE ((done_by = 's'::"char") AND ((waits_for)::text = 'time'::text));


--
-- Name: job_open_key_idx; Type: INDEX; Schema: estate_internal; Owner: postgres
--

CREATE INDEX job_open_key_idx ON estate_internal.job_open USING btree (queue, held_key, id) WHERE (((waits_for)::text = 'key'::text) AND (done_by <> 'x'::"char"));


--
-- Name: job_open_leased_idx; Type: INDEX; Schema: estate_internal; Owner: postgres
--

CREATE INDEX job_open_leased_idx ON estate_internal.job_open USING btree (queue, leased_until) WHERE (leased_until IS NOT NULL);


--
-- Name: job_open_network_due_idx; Type: INDEX; Schema: estate_internal; Owner: postgres
--

CREATE INDEX job_open_network_due_idx ON estate_internal.job_open USING btree (run_at) WHERE ((done_by = 'n'::"char") AND ((waits_for)::text = 'time'::text));


--
-- Name: job_open_network_idx; Type: INDEX; Schema: estate_internal; Owner: postgres
--

CREATE INDEX job_open_network_idx ON estate_internal.job_open USING btree (priority, run_at, id) WHERE ((done_by = 'n'::"char") AND ((waits_for)::text = 'time'::text));


--
-- Name: job_open_outside_idx; Type: INDEX; Schema: estate_internal; Owner: postgres
--

CREATE INDEX job_open_outside_idx ON estate_internal.job_open USING btree (queue, priority, run_at, id) WHERE ((done_by = 'x'::"char") AND ((waits_for)::text = 'time'::text) AND (leased_until IS NULL));


--
-- Name: job_open_outside_key_idx; Type: INDEX; Schema: estate_internal; Owner: postgres
--

CREATE INDEX job_open_outside_key_idx ON estate_internal.job_open USING btree (queue, held_key, id) WHERE (((waits_for)::text = 'key'::text) AND (done_by = 'x'::"char"));


--
-- Name: job_unique_until_idx; Type: INDEX; Schema: estate_internal; Owner: postgres
--

CREATE INDEX job_unique_until_idx ON estate_internal.job_unique USING btree (until) WHERE (until IS NOT NULL);


--
-- Name: estimate estimate_market_id_listing_fkey; Type: FK CONSTRAINT; Schema: estate; Owner: estate_admin
--

ALTER TABLE ONLY estate.estimate
    ADD CONSTRAINT estimate_market_id_listing_fkey FOREIGN KEY (market_id, listing) REFERENCES estate.listing(market_id, id) ON DELETE CASCADE;


--
-- Name: feed feed_market_id_fkey; Type: FK CONSTRAINT; Schema: estate; Owner: postgres
--

ALTER TABLE ONLY estate.feed
    ADD CONSTRAINT feed_market_id_fkey FOREIGN KEY (market_id) REFERENCES estate.market(market_id);


--
-- Name: feed_reject feed_reject_feed_id_fkey; Type: FK CONSTRAINT; Schema: estate; Owner: estate_admin
--

ALTER TABLE ONLY estate.feed_reject
    ADD CONSTRAINT feed_reject_feed_id_fkey FOREIGN KEY (feed_id) REFERENCES estate.feed(feed_id);


--
-- Name: feed_run feed_run_feed_id_fkey; Type: FK CONSTRAINT; Schema: estate; Owner: estate_admin
--

ALTER TABLE ONLY estate.feed_run
    ADD CONSTRAINT feed_run_feed_id_fkey FOREIGN KEY (feed_id) REFERENCES estate.feed(feed_id);


--
-- Name: listing_change listing_change_market_id_listing_fkey; Type: FK CONSTRAINT; Schema: estate; Owner: estate_admin
--

ALTER TABLE ONLY estate.listing_change
    ADD CONSTRAINT listing_change_market_id_listing_fkey FOREIGN KEY (market_id, listing) REFERENCES estate.listing(market_id, id) ON DELETE CASCADE;


--
-- Name: listing listing_market_id_fkey; Type: FK CONSTRAINT; Schema: estate; Owner: estate_admin
--

ALTER TABLE ONLY estate.listing
    ADD CONSTRAINT listing_market_id_fkey FOREIGN KEY (market_id) REFERENCES estate.market(market_id);


--
-- Name: listing listing_market_id_property_fkey; Type: FK CONSTRAINT; Schema: estate; Owner: estate_admin
--

ALTER TABLE ONLY estate.listing
    ADD CONSTRAINT listing_market_id_property_fkey FOREIGN KEY (market_id, property) REFERENCES estate.property(market_id, id);


--
-- Name: media media_market_id_listing_fkey; Type: FK CONSTRAINT; Schema: estate; Owner: estate_admin
--

ALTER TABLE ONLY estate.media
    ADD CONSTRAINT media_market_id_listing_fkey FOREIGN KEY (market_id, listing) REFERENCES estate.listing(market_id, id) ON DELETE CASCADE;


--
-- Name: model model_market_id_fkey; Type: FK CONSTRAINT; Schema: estate; Owner: estate_admin
--

ALTER TABLE ONLY estate.model
    ADD CONSTRAINT model_market_id_fkey FOREIGN KEY (market_id) REFERENCES estate.market(market_id);


--
-- Name: property property_market_id_fkey; Type: FK CONSTRAINT; Schema: estate; Owner: estate_admin
--

ALTER TABLE ONLY estate.property
    ADD CONSTRAINT property_market_id_fkey FOREIGN KEY (market_id) REFERENCES estate.market(market_id);


--
-- Name: sale_record sale_record_market_id_fkey; Type: FK CONSTRAINT; Schema: estate; Owner: estate_admin
--

ALTER TABLE ONLY estate.sale_record
    ADD CONSTRAINT sale_record_market_id_fkey FOREIGN KEY (market_id) REFERENCES estate.market(market_id);


--
-- Name: sale_record sale_record_market_id_property_fkey; Type: FK CONSTRAINT; Schema: estate; Owner: estate_admin
--

ALTER TABLE ONLY estate.sale_record
    ADD CONSTRAINT sale_record_market_id_property_fkey FOREIGN KEY (market_id, property) REFERENCES estate.property(market_id, id);


--
-- Name: feed_cursor feed_cursor_feed_id_fkey; Type: FK CONSTRAINT; Schema: estate_internal; Owner: postgres
--

ALTER TABLE ONLY estate_internal.feed_cursor
    ADD CONSTRAINT feed_cursor_feed_id_fkey FOREIGN KEY (feed_id) REFERENCES estate.feed(feed_id) ON DELETE CASCADE;


--
-- Name: SCHEMA estate; Type: ACL; Schema: -; Owner: postgres
--

GRANT USAGE ON SCHEMA estate TO estate_reader;
GRANT USAGE ON SCHEMA estate TO estate_operator;
GRANT USAGE ON SCHEMA estate TO estate_admin;


--
-- Name: SCHEMA estate_internal; Type: ACL; Schema: -; Owner: postgres
--

GRANT USAGE ON SCHEMA estate_internal TO estate_operator;
GRANT USAGE ON SCHEMA estate_internal TO estate_admin;


--
-- Name: TABLE estimate; Type: ACL; Schema: estate; Owner: estate_admin
--

GRANT SELECT ON TABLE estate.estimate TO estate_operator;


--
-- Name: TABLE listing; Type: ACL; Schema: estate; Owner: estate_admin
--

GRANT SELECT ON TABLE estate.listing TO estate_reader;
GRANT SELECT ON TABLE estate.listing TO estate_operator;
GRANT SELECT ON TABLE estate.listing TO estate_fan;


--
-- Name: TABLE listing_visible; Type: ACL; Schema: estate; Owner: estate_admin
--

GRANT SELECT ON TABLE estate.listing_visible TO estate_reader;
GRANT SELECT ON TABLE estate.listing_visible TO estate_operator;


--
-- Name: TABLE market; Type: ACL; Schema: estate; Owner: estate_admin
--

GRANT SELECT ON TABLE estate.market TO estate_reader;
GRANT SELECT ON TABLE estate.market TO estate_operator;


--
-- Name: TABLE scored_listing; Type: ACL; Schema: estate; Owner: estate_admin
--

GRANT SELECT ON TABLE estate.scored_listing TO estate_reader;
GRANT SELECT ON TABLE estate.scored_listing TO estate_operator;


--
-- Name: TABLE deal; Type: ACL; Schema: estate; Owner: estate_admin
--

GRANT SELECT ON TABLE estate.deal TO estate_reader;
GRANT SELECT ON TABLE estate.deal TO estate_operator;


--
-- Name: TABLE feed; Type: ACL; Schema: estate; Owner: postgres
--

GRANT SELECT ON TABLE estate.feed TO estate_reader;
GRANT SELECT ON TABLE estate.feed TO estate_operator;
GRANT SELECT ON TABLE estate.feed TO estate_admin;


--
-- Name: TABLE feed_reject; Type: ACL; Schema: estate; Owner: estate_admin
--

GRANT SELECT ON TABLE estate.feed_reject TO estate_operator;


--
-- Name: TABLE feed_run; Type: ACL; Schema: estate; Owner: estate_admin
--

GRANT SELECT ON TABLE estate.feed_run TO estate_reader;
GRANT SELECT ON TABLE estate.feed_run TO estate_operator;


--
-- Name: TABLE feed_cursor; Type: ACL; Schema: estate_internal; Owner: postgres
--

GRANT SELECT ON TABLE estate_internal.feed_cursor TO estate_admin;


--
-- Name: TABLE job_open; Type: ACL; Schema: estate_internal; Owner: postgres
--

GRANT SELECT ON TABLE estate_internal.job_open TO estate_admin;


--
-- Name: TABLE job_unique; Type: ACL; Schema: estate_internal; Owner: postgres
--

GRANT SELECT ON TABLE estate_internal.job_unique TO estate_admin;


--
-- Name: TABLE feed_status; Type: ACL; Schema: estate; Owner: estate_admin
--

GRANT SELECT ON TABLE estate.feed_status TO estate_reader;
GRANT SELECT ON TABLE estate.feed_status TO estate_operator;


--
-- Name: TABLE job_ended; Type: ACL; Schema: estate_internal; Owner: postgres
--

GRANT SELECT ON TABLE estate_internal.job_ended TO estate_admin;


--
-- Name: TABLE job_ready; Type: ACL; Schema: estate_internal; Owner: postgres
--

GRANT SELECT ON TABLE estate_internal.job_ready TO estate_admin;


--
-- Name: TABLE job; Type: ACL; Schema: estate; Owner: estate_admin
--

GRANT SELECT ON TABLE estate.job TO estate_operator;


--
-- Name: TABLE listing_change; Type: ACL; Schema: estate; Owner: estate_admin
--

GRANT SELECT ON TABLE estate.listing_change TO estate_reader;
GRANT SELECT ON TABLE estate.listing_change TO estate_operator;


--
-- Name: TABLE listing_for_sale; Type: ACL; Schema: estate; Owner: estate_admin
--

GRANT SELECT ON TABLE estate.listing_for_sale TO estate_reader;
GRANT SELECT ON TABLE estate.listing_for_sale TO estate_operator;


--
-- Name: TABLE model; Type: ACL; Schema: estate; Owner: estate_admin
--

GRANT SELECT ON TABLE estate.model TO estate_reader;
GRANT SELECT ON TABLE estate.model TO estate_operator;


--
-- Name: TABLE market_status; Type: ACL; Schema: estate; Owner: estate_admin
--

GRANT SELECT ON TABLE estate.market_status TO estate_reader;
GRANT SELECT ON TABLE estate.market_status TO estate_operator;


--
-- Name: TABLE media; Type: ACL; Schema: estate; Owner: estate_admin
--

GRANT SELECT ON TABLE estate.media TO estate_reader;
GRANT SELECT ON TABLE estate.media TO estate_operator;


--
-- Name: TABLE metrics; Type: ACL; Schema: estate; Owner: estate_admin
--

GRANT SELECT ON TABLE estate.metrics TO estate_operator;


--
-- Name: TABLE progress; Type: ACL; Schema: estate; Owner: estate_admin
--

GRANT SELECT ON TABLE estate.progress TO estate_operator;


--
-- Name: TABLE property; Type: ACL; Schema: estate; Owner: estate_admin
--

GRANT SELECT ON TABLE estate.property TO estate_reader;
GRANT SELECT ON TABLE estate.property TO estate_operator;


--
-- Name: TABLE queue; Type: ACL; Schema: estate_internal; Owner: postgres
--

GRANT SELECT ON TABLE estate_internal.queue TO estate_admin;


--
-- Name: TABLE queue_status; Type: ACL; Schema: estate; Owner: estate_admin
--

GRANT SELECT ON TABLE estate.queue_status TO estate_operator;


--
-- Name: TABLE sale_record; Type: ACL; Schema: estate; Owner: estate_admin
--

GRANT SELECT ON TABLE estate.sale_record TO estate_reader;
GRANT SELECT ON TABLE estate.sale_record TO estate_operator;


--
-- Name: TABLE sale; Type: ACL; Schema: estate; Owner: estate_admin
--

GRANT SELECT ON TABLE estate.sale TO estate_reader;
GRANT SELECT ON TABLE estate.sale TO estate_operator;


--
-- Name: TABLE installation; Type: ACL; Schema: estate_internal; Owner: postgres
--

GRANT SELECT ON TABLE estate_internal.installation TO estate_admin;
GRANT SELECT ON TABLE estate_internal.installation TO estate_operator;


--
-- Name: TABLE job_cancel; Type: ACL; Schema: estate_internal; Owner: postgres
--

GRANT SELECT ON TABLE estate_internal.job_cancel TO estate_admin;


--
-- Name: TABLE job_dependency; Type: ACL; Schema: estate_internal; Owner: postgres
--

GRANT SELECT ON TABLE estate_internal.job_dependency TO estate_admin;


--
-- Name: TABLE job_ended_0; Type: ACL; Schema: estate_internal; Owner: postgres
--

GRANT SELECT ON TABLE estate_internal.job_ended_0 TO estate_admin;


--
-- Name: TABLE job_ready_0_0_0; Type: ACL; Schema: estate_internal; Owner: postgres
--

GRANT SELECT ON TABLE estate_internal.job_ready_0_0_0 TO estate_admin;


--
-- Name: TABLE job_ready_0_0_1; Type: ACL; Schema: estate_internal; Owner: postgres
--

GRANT SELECT ON TABLE estate_internal.job_ready_0_0_1 TO estate_admin;


--
-- Name: TABLE job_ready_0_0_2; Type: ACL; Schema: estate_internal; Owner: postgres
--

GRANT SELECT ON TABLE estate_internal.job_ready_0_0_2 TO estate_admin;


--
-- Name: TABLE job_ready_0_1_0; Type: ACL; Schema: estate_internal; Owner: postgres
--

GRANT SELECT ON TABLE estate_internal.job_ready_0_1_0 TO estate_admin;


--
-- Name: TABLE job_ready_0_1_1; Type: ACL; Schema: estate_internal; Owner: postgres
--

GRANT SELECT ON TABLE estate_internal.job_ready_0_1_1 TO estate_admin;


--
-- Name: TABLE job_ready_0_1_2; Type: ACL; Schema: estate_internal; Owner: postgres
--

GRANT SELECT ON TABLE estate_internal.job_ready_0_1_2 TO estate_admin;


--
-- Name: TABLE job_ready_0_2_0; Type: ACL; Schema: estate_internal; Owner: postgres
--

GRANT SELECT ON TABLE estate_internal.job_ready_0_2_0 TO estate_admin;


--
-- Name: TABLE job_ready_0_2_1; Type: ACL; Schema: estate_internal; Owner: postgres
--

GRANT SELECT ON TABLE estate_internal.job_ready_0_2_1 TO estate_admin;


--
-- Name: TABLE job_ready_0_2_2; Type: ACL; Schema: estate_internal; Owner: postgres
--

GRANT SELECT ON TABLE estate_internal.job_ready_0_2_2 TO estate_admin;


--
-- Name: TABLE job_waiting; Type: ACL; Schema: estate_internal; Owner: postgres
--

GRANT SELECT ON TABLE estate_internal.job_waiting TO estate_admin;


--
-- Name: TABLE my_listings; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT ON TABLE public.my_listings TO estate_fan;


--
-- Name: TABLE ran; Type: ACL; Schema: public; Owner: postgres
--

GRANT INSERT ON TABLE public.ran TO estate_fan;


--
-- PostgreSQL database dump complete
--

\unrestrict wec39drRwJArZpAKzYgKe1MCcD3vhGJDEFrrwKge1iXOcZ6fLW8aMl3AoaBM8z6

